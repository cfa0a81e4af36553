"""`redwell bench all`: every line beside its bare engine. Parts without the stack come first, each alone on the machine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from rag.bench import asleep, footprint, generation, history
from rag.bench.line import Line
from rag.client import RedwellClient
from rag.errors import ConfigurationError, RedwellError
from rag.evaluation.speed import text_layers
from rag.settings import Settings
from rag.wire import ApiError

Say = Callable[[str], None]
ALONE = ("text", "composition", "search", "growth", "peer")
SERVED = ("idle", "requests", "document", "analysis", "reading", "memory")
ASKED = ("asking", "answers")
PARTS = (*ALONE, *SERVED, *ASKED)
SEARCHED = (1_000, 100_000)
GROWN = (1_000, 10_000)
QUESTIONS = 60


class Matrix:
    """Runs the parts asked for; one that fails is told in `failures`, and the others go on."""

    def __init__(
        self,
        settings: Settings,
        samples: Path,
        *,
        parts: tuple[str, ...] = PARTS,
        pages: int = 20,
        sizes: tuple[int, ...] = SEARCHED,
        documents: tuple[int, ...] = GROWN,
        peer: str = "",
        evaldata: Path | None = None,
        texts: int | None = None,
        say: Say = lambda text: None,
    ) -> None:
        self._settings, self._samples, self._pages, self._sizes, self._say = settings, samples, pages, sizes, say
        self._parts, self._documents = parts, documents
        self._peer, self._evaldata, self._texts = peer, evaldata, texts
        self._ours: generation.Rates = {}
        self._bare: list[generation.Rates] = []
        self.lines: list[Line] = []
        self.failures: dict[str, str] = {}

    def run(self, stack: Callable[..., AbstractContextManager[str]]) -> None:
        """`stack` starts a Redwell with an empty library and gives its address; it takes sections of the settings."""
        self._run("text", self._text)
        self._run("composition", self._composition)
        self._run("search", self._search)
        self._run("growth", self._growth)
        self._run("peer", self._beside_peer)
        if not set(self._parts).isdisjoint(SERVED):
            self._served(stack)
        if not set(self._parts).isdisjoint(ASKED):
            self._asked(stack)

    def _served(self, stack: Callable[..., AbstractContextManager[str]]) -> None:
        started = time.perf_counter()
        with stack() as url:
            took = time.perf_counter() - started
            idle, torch = footprint.memory(os.getpid())
            self._run("idle", self._idle)
            self._run("requests", lambda: self._requests(url))
            self._run("document", lambda: self._document(url))
            self._run("analysis", self._analysis)
            self._run("reading", lambda: self._reading(url))
            loaded, _ = footprint.memory(os.getpid())
            self._run("memory", lambda: footprint.lines(idle, loaded, torch, took))

    def _asked(self, stack: Callable[..., AbstractContextManager[str]]) -> None:
        """In a stack where nobody has uploaded anything for a while. Bare vLLM before it and after it: the machine's speed
        changes within minutes, and both engines do not fit beside each other."""
        self._run("answers", self._bare_answers)
        with stack(**asleep.soon(self._settings)) as url:
            self._run("asking", lambda: self._asking(url))
            if self._bare:
                self._run("answers", self._answers)
            used, _ = footprint.memory(os.getpid())
            self._run("memory", lambda: footprint.asked_lines(used))
        if self._ours:
            self._run("answers", self._bare_answers)
            self._run("answers", lambda: generation.lines(self._ours, *self._bare))

    def _run(self, part: str, measure: Callable[[], list[Line]]) -> None:
        if part not in self._parts:
            return
        self._say(f"measuring {part}")
        try:
            found = measure()
        except (RedwellError, ApiError, OSError, TimeoutError) as error:
            self.failures[part] = f"{type(error).__name__}: {error}"
            self._say(self.failures[part])
            return
        self.lines += found
        for line in found:
            self._say(history.row(line))

    def _idle(self) -> list[Line]:
        time.sleep(footprint.SETTLING_SECONDS)
        return footprint.idle_lines(*footprint.stirring(os.getpid()))

    def _text(self) -> list[Line]:
        found = text_layers(sorted(self._samples.glob("*.pdf")))
        ours, bare = found["redwell_pages_a_second"], found["pypdfium2_pages_a_second"]
        with_tables = found["redwell_with_tables_pages_a_second"]
        return [
            Line("text layers", "pypdfium2", "pages/CPU-s", (ours,), (bare,), goal=0.8),
            Line("text layers, tables", "pypdfium2", "pages/CPU-s", (with_tables,), (bare,)),
        ]

    def _composition(self) -> list[Line]:
        from rag.bench.composition import Latencies, bench_composition

        found = asyncio.run(bench_composition(Latencies()))
        rate, ideal = 1 / found.measured, 1 / found.critical_path
        return [Line("document, played", "critical path", "documents/s", (rate,), (ideal,), goal=1 / 1.1)]

    def _search(self) -> list[Line]:
        from rag.bench.retrieval import bench_retrieval

        found: list[Line] = []
        for size in self._sizes:
            one = asyncio.run(bench_retrieval(size, questions=QUESTIONS, progress=self._say))
            beside, more = "embedder + FAISS + tantivy", one.as_dict()
            found += [
                Line(f"search in {size:,} chunks", beside, "ms", (one.search[0],), (one.bare[0],), "added", 12.0, more),
                Line(
                    f"search in {size:,} chunks, {one.clients} clients",
                    beside,
                    "searches/s",
                    (one.search_rate,),
                    (one.bare_rate,),
                    more=more,
                ),
            ]
        return found

    def _growth(self) -> list[Line]:
        from rag.bench.grown import bench_grown
        from rag.retrieval.embedders import embedding_version, load_embedder

        embedder = load_embedder(self._settings, 0, embedding_version(self._settings))
        return asyncio.run(bench_grown(embedder, self._documents, progress=self._say))

    def _beside_peer(self) -> list[Line]:
        from rag.bench.peer import bench_peer

        if not self._peer or self._evaldata is None:
            raise ConfigurationError("No peer to measure beside.", "Give --peer PYTHON and --evaldata FOLDER.")
        return asyncio.run(bench_peer(self._peer, self._evaldata, texts=self._texts, progress=self._say))

    def _asking(self, url: str) -> list[Line]:
        from rag.bench import asking

        with RedwellClient(url, timeout=600) as client:
            asking.load(client, self._samples)
            asleep.wait(self._settings, os.getpid())
            return asking.first_tokens(client)

    def _document(self, url: str) -> list[Line]:
        from rag.bench.mixed import bench_mixed

        with RedwellClient(url, timeout=600) as client:
            return bench_mixed(client, self._samples, pages=self._pages)

    def _requests(self, url: str) -> list[Line]:
        from rag.bench.requests import bench_requests
        from rag.serving.bare import PREFIX, start_bare, stop_bare

        with RedwellClient(url, timeout=600) as client:
            ids = [one.id for one in client.upload(sorted(self._samples.glob("lease*")), collection="bench") if one.id]
            for document_id in ids:
                client.wait(document_id)
            start_bare()
            try:
                return asyncio.run(bench_requests(url, PREFIX))
            finally:
                stop_bare()

    def _analysis(self) -> list[Line]:
        from rag import deploy
        from rag.bench import analysis
        from rag.bench.batch_embeddings import bench_batch_embeddings

        async def both() -> Iterator[tuple[str, str, analysis.Throughput]]:
            entities, embedder = deploy.transport("Entities"), deploy.transport("Embedder")
            one = await analysis.bench_entities(self._settings, entities, pages=160, runs=3, progress=self._say)
            other = await analysis.bench_embeddings(self._settings, embedder, chunks=512, runs=3, progress=self._say)
            return iter((("entities", "spaCy", one), ("embeddings", "sentence-transformers", other)))

        batch = bench_batch_embeddings(self._settings, analysis.encoder(self._settings))
        return [
            Line(
                f"{name} through Serve",
                beside,
                "items/s",
                tuple(one.items / seconds for seconds in one.serve_seconds),
                tuple(one.items / seconds for seconds in one.bare_seconds),
                goal=0.9,
                more={"mean batch": one.mean_batch, "batches": dict(one.batches)},
            )
            for name, beside, one in asyncio.run(both())
        ] + [batch]

    def _reading(self, url: str) -> list[Line]:
        """Pages a CPU-second of an upload, of a batch and of ocrmypdf, where it is installed."""
        from rag.bench.ingest import bench_ingest

        with RedwellClient(url, timeout=600) as client:
            found = bench_ingest(self._samples, pages=self._pages, client=client)

        def rate(cpu_seconds: float) -> tuple[float]:
            return (self._pages / max(cpu_seconds, 1e-9),)

        bare, unit, more = rate(found.bare.cpu_seconds), "pages/CPU-s", found.rows()
        lines = [
            Line("OCR of an upload", "tesseract", unit, rate(found.upload_reading), bare, goal=0.95, more=more),
            Line("OCR in a batch", "tesseract", unit, rate(found.batch.cpu_seconds), bare, goal=0.95),
        ]
        if found.upload is not None:
            lines.append(Line("upload, all stages", "tesseract", unit, rate(found.upload.cpu_seconds), bare))
        if found.ocrmypdf is not None:
            peer = rate(found.ocrmypdf.cpu_seconds)
            lines.append(
                Line("OCR of an upload (ocrmypdf)", "ocrmypdf", unit, rate(found.upload_reading), peer, goal=1.0)
            )
        return lines

    def _bare_answers(self) -> list[Line]:
        """vLLM as it comes, and with our settings: rounds added to those that are there."""
        found = [generation.bare_in_a_process(as_it_comes=plain) for plain in (True, False)]
        before = self._bare or [{}, {}]
        self._bare = [generation.together(*sides) for sides in zip(before, found, strict=True)]
        return []

    def _answers(self) -> list[Line]:
        from rag import deploy

        asleep.wait(self._settings, os.getpid())
        self._ours = asyncio.run(generation.through_serve(deploy.transport("Llm")))
        return []
