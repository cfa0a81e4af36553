"""`redwell bench all --only peer`: searches a second and nDCG@10 beside txtai, with the same weights, on SciFact.

txtai runs in an environment made for it alone; its interpreter is named by `--peer` or REDWELL_PEER_PYTHON:

    python3.11 -m venv /tmp/peer && /tmp/peer/bin/pip install txtai

Both get the same texts and claims, one claim at a time by turns, both search by words and by meaning and give the texts of what
they found. Redwell cuts texts into passages, and answers with word boxes too.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.bench.line import Line
from rag.errors import ConfigurationError, StageFailed
from rag.evaluation.library import Library, Text, open_library
from rag.evaluation.retrieval import load_scifact, measured
from rag.ports import SearchQuery
from rag.retrieval.search import find
from rag.runtime.weights import resolve

DEPTH = 10
PASSAGES = 20
"""That are asked for to find DEPTH texts: one may have several."""
WARM = 5
CLAIMS = 300


@dataclass(slots=True)
class _Side:
    seconds: list[float] = field(default_factory=list)
    run: dict[str, dict[str, float]] = field(default_factory=dict)
    indexing: float = 0.0

    def found(self, claim: str, ids: Sequence[str], seconds: float) -> None:
        self.seconds.append(seconds)
        self.run[claim] = {id: 1.0 / rank for rank, id in enumerate(ids[:DEPTH], 1)}

    @property
    def rates(self) -> tuple[float, ...]:
        """Searches a second, of each search after the first ones."""
        return tuple(1 / seconds for seconds in self.seconds[WARM:])


async def bench_peer(
    python: str, evaldata: Path, *, texts: int | None, progress: Callable[[str], None] = lambda text: None
) -> list[Line]:
    """`texts`: so many of the corpus, those that are judged first. Raises ConfigurationError, StageFailed."""
    corpus, claims, judged = load_scifact(evaldata)
    claims = claims[:CLAIMS]
    judged = {str(claim["_id"]): judged[str(claim["_id"])] for claim in claims}
    wanted = {id for found in judged.values() for id in found}
    corpus.sort(key=lambda row: str(row["_id"]) not in wanted)
    rows = [(str(row["_id"]), f"{row['title']}\n{row['text']}") for row in corpus[:texts]]
    ours, theirs = _Side(), _Side()
    async with open_library() as library:
        settings = library.settings
        progress(f"indexing {len(rows):,} texts")
        started = time.perf_counter()
        await library.add(Text(id, (text,)) for id, text in rows)
        await _reached(library)
        ours.indexing = time.perf_counter() - started
        with _peer(python, resolve(settings.embedding.model, cache_dir=settings.cache_dir)) as ask:
            progress("indexing them with txtai")
            ready = ask(rows)
            theirs.indexing = ready["seconds"]
            progress(f"asking {len(claims)} claims")
            for claim in claims:
                key, question = str(claim["_id"]), claim["text"]
                reply = ask([question, DEPTH])
                theirs.found(key, reply["ids"], reply["seconds"])
                started = time.perf_counter()
                passages = (await find(SearchQuery(question, PASSAGES), library.services)).passages
                seconds = time.perf_counter() - started
                names = dict.fromkeys(library.names[passage.chunk.document_id] for passage in passages)
                ours.found(key, list(names), seconds)
    quality = [measured(judged, side.run)["nDCG@10"] for side in (ours, theirs)]
    beside = f"txtai {ready['version']}"
    more = {"texts": len(rows), "claims": len(claims), "indexing, s": [round(ours.indexing), round(theirs.indexing)]}
    return [
        Line("search", beside, "searches/s", ours.rates, theirs.rates, goal=1.0, more=more),
        Line("search, SciFact", beside, "nDCG@10", (quality[0],), (quality[1],), goal=1.0, more=more),
    ]


async def _reached(library: Library) -> None:
    """The index has all of it when this returns."""
    services = library.services
    head = await services.state.feed.head()
    while await services.retriever.sequence() < head:
        await services.retriever.search(SearchQuery("warm up", at_least=head))


@contextmanager
def _peer(python: str, model: str) -> Iterator[Callable[[Any], dict[str, Any]]]:
    """Sends one line, reads one line."""
    script = Path(__file__).with_name("peer_txtai.py")
    try:
        process = subprocess.Popen(
            [python, str(script), model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise ConfigurationError(f"'{python}' cannot be run: {error}", "Name an interpreter that has txtai.") from error
    assert process.stdin is not None
    assert process.stdout is not None
    lines, answers = process.stdin, process.stdout

    def ask(value: Any) -> dict[str, Any]:
        try:
            lines.write(json.dumps(value) + "\n")
            lines.flush()
            answer = answers.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise StageFailed("txtai ended before it answered.", f"Run `{python} -m pip show txtai`.")
        found: dict[str, Any] = json.loads(answer)
        return found

    try:
        yield ask
    finally:
        process.kill()
        process.communicate()
