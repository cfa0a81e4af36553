"""`redwell eval` and `redwell bench`: quality and speed, measured on the machine at hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from rag.commands.common import reported
from rag.commands.evaluations import keep

eval_app = typer.Typer(help="Quality on documents with a known truth.", no_args_is_help=True)
bench_app = typer.Typer(help="Speed, beside a baseline in the same run.", no_args_is_help=True)
console = Console()

Url = Annotated[str, typer.Option(envvar="REDWELL_API_URL", help="The running API.")]
Key = Annotated[str | None, typer.Option(envvar="REDWELL_API_KEY", help="API key.")]
Record = Annotated[
    str | None, typer.Option(help="Have the running service keep the figures under this name; the page compares them.")
]
Output = Annotated[Path | None, typer.Option(help="Write the whole result as JSON to this file.")]
DEFAULT_URL = "http://127.0.0.1:8000"


@eval_app.command()
def questions(
    file: Annotated[Path, typer.Argument(help="JSON lines: question, answers, documents, page, answerable.")] = Path(
        "data/questions.jsonl"
    ),
    collection: Annotated[str | None, typer.Option(help="Ask only this collection.")] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    output: Output = None,
    record: Record = None,
) -> None:
    """Put a set of questions to a running Redwell: right document, right page, right words, refusals."""
    from rag.evaluation.http import HttpAsker
    from rag.evaluation.questions import load_questions, put, report

    asker = HttpAsker(url, api_key)
    outcomes = []
    with reported(), console.status("asking") as status:
        for question in load_questions(file):
            status.update(f"asking {question.id}: {question.question}")
            outcomes.append(put(question, asker, collection))
    result = report(outcomes)
    show("Questions", result["summary"])
    for outcome in outcomes:
        if outcome.question.answerable and not outcome.right_document_first:
            cited = outcome.cited[0] if outcome.cited else "nothing"
            console.print(f"  {outcome.question.id} cites {cited}, not {outcome.question.documents}", markup=False)
        if not outcome.question.answerable and outcome.found:
            console.print(f"  {outcome.question.id} is not in the documents and was answered", markup=False)
    write(result, output)
    if record is not None:
        with reported():
            keep(result, record, file.stem, url, api_key, collection=collection)


@eval_app.command()
def answers(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the set.")],
    set_name: Annotated[
        str, typer.Option("--set", help="squad, contracts, pubmedqa, or folder: one of data/'s format.")
    ] = "squad",
    sample: Annotated[int | None, typer.Option(help="So many questions of each kind; all without it.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    llm_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible model that drafts; quotations without it.")
    ] = None,
    llm_model: Annotated[str, typer.Option(help="Its name there.")] = "redwell",
    output: Output = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the figures into this file (svg, png, pdf).")] = None,
    record: Record = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
) -> None:
    """Right passage, right citation, support, refusals, exact match and F1, in this process with the real index."""
    from rag.evaluation import answers as measured
    from rag.evaluation import compare as comparing
    from rag.evaluation.corpora import load_set
    from rag.evaluation.library import open_library

    async def run() -> list[measured.Outcome]:
        async with open_library(_drafting(llm_url, llm_model)) as library:
            return await measured.evaluate_answers(questions, library, progress=status.update)

    with reported(), console.status("loading") as status:
        questions = load_set(set_name, folder, sample=sample, seed=seed)
        result = measured.report(set_name, asyncio.run(run()))
    show(set_name, result["summary"])
    write(result, output)
    if plot is not None:
        comparing.plot([(set_name, result)], plot)
        console.print(f"drawn: {plot}", markup=False)
    if record is not None:
        with reported():
            keep(result, record, set_name, url, api_key, model=llm_model if llm_url else "quotations")


def _drafting(url: str | None, model: str) -> Any:
    """A generator over HTTP, or None: answers are then quotations."""
    if url is None:
        return None
    from rag.adapters.generate_openai import OpenAIGenerator

    return OpenAIGenerator(url, model=model)


@eval_app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Result of `redwell eval answers --output`.")],
    second: Annotated[Path, typer.Argument(help="Another one, of the same questions.")],
    plot: Annotated[Path | None, typer.Option(help="Draw both into this file (svg, png, pdf).")] = None,
) -> None:
    """Two runs question by question: each figure's difference with its 95% interval (paired bootstrap)."""
    from rag.evaluation import compare as comparing

    with reported():
        runs = [comparing.read_run(path) for path in (first, second)]
        differences = comparing.compare(*runs)
    table = Table("figure", "questions", first.stem, second.stem, "difference", "95% interval", title_justify="left")
    for row in differences:
        sure = "[bold]" if row.significant else ""
        table.add_row(
            f"{row.figure} ({row.kind})",
            str(row.questions),
            f"{row.first:.3f}",
            f"{row.second:.3f}",
            f"{sure}{row.second - row.first:+.3f}",
            f"{row.low:+.3f} to {row.high:+.3f}",
        )
    console.print(table)
    if plot is not None:
        comparing.plot([(path.stem, run) for path, run in zip((first, second), runs, strict=True)], plot)
        console.print(f"drawn: {plot}", markup=False)


@eval_app.command()
def retrieval(
    folder: Annotated[Path, typer.Argument(help="Folder that holds scifact/ (corpus, queries, qrels).")],
    output: Output = None,
) -> None:
    """nDCG@10, recall@100 and MRR of lexical, dense and hybrid search on SciFact, with the packaged embedder."""
    from rag.evaluation.retrieval import evaluate_scifact

    with reported(), console.status("embedding the corpus, about two minutes on two cores"):
        result = evaluate_scifact(folder, _embedder())
    for name, figures in result.items():
        show(name, figures)
    write(result, output)


@eval_app.command()
def reading(
    folder: Annotated[Path, typer.Argument(help="Folder with receipts/, pages/, pdfs/ and office/.")],
    receipts: Annotated[int | None, typer.Option(help="Only so many receipts.")] = None,
    engine: Annotated[str, typer.Option(help="tesserocr or tesseract.")] = "tesserocr",
    output: Output = None,
) -> None:
    """Character and word error rates beside bare tesseract, and the share of files read by format."""
    from rag.evaluation.reading import evaluate_reading

    with reported(), console.status("reading") as status:
        if engine not in ("tesserocr", "tesseract"):
            raise typer.BadParameter(f"'{engine}' is no engine: tesserocr or tesseract.", param_hint="--engine")
        result = evaluate_reading(
            folder,
            receipts=receipts,
            engine="tesseract" if engine == "tesseract" else "tesserocr",
            progress=status.update,
        )
    console.print_json(json.dumps(result, default=str))
    write(result, output)


@eval_app.command()
def analysis(
    folder: Annotated[
        Path, typer.Argument(help="Folder with ner/, doctypes.jsonl.gz, receipts/, invoices/, scitldr-dev.jsonl.gz.")
    ],
    only: Annotated[
        list[str] | None, typer.Option(help="entities, types, fields or summaries; may be given again.")
    ] = None,
    output: Output = None,
) -> None:
    """Entities beside bare spaCy; types by descriptions and after ten corrections a class; fields; summaries beside lead-3."""
    from rag.evaluation.analysis import PARTS, evaluate_analysis
    from rag.settings import load

    with reported(), console.status("measuring") as status:
        result = evaluate_analysis(folder, load("cpu"), parts=tuple(only or PARTS), progress=status.update)
    console.print_json(json.dumps(result))
    write(result, output)


@bench_app.command("analysis")
def bench_analysis(
    pages: Annotated[int, typer.Option(help="Pages for the entities.")] = 160,
    chunks: Annotated[int, typer.Option(help="Chunks for the embeddings.")] = 512,
    runs: Annotated[int, typer.Option(help="Runs each way.")] = 3,
    output: Output = None,
) -> None:
    """Entities and embeddings through Ray Serve, beside the bare libraries, with the batches that formed."""
    from rag import deploy
    from rag.bench import analysis as bench
    from rag.settings import load

    settings = load("cpu")

    async def both() -> dict[str, Any]:
        say = console.print
        entities = deploy.transport("Entities")
        embedder = deploy.transport("Embedder")
        found = {
            "entities": await bench.bench_entities(settings, entities, pages=pages, runs=runs, progress=say),
            "embeddings": await bench.bench_embeddings(settings, embedder, chunks=chunks, runs=runs, progress=say),
        }
        return {name: one.as_dict() for name, one in found.items()}

    with stack():
        result = asyncio.run(both())
    for name, figures in result.items():
        show(name, figures)
    write(result, output)


@eval_app.command()
def formats(
    folder: Annotated[Path, typer.Argument(help="Folder with office/, pdfs/, contracts/ and invoices/.")],
    output: Output = None,
) -> None:
    """Share of the files of each format that are read, with the right text; how the others end."""
    from rag.evaluation.reading_formats import evaluate_formats

    with reported(), console.status("reading") as status:
        result = evaluate_formats(folder, progress=status.update)
    table = Table("format", "files", "with text", "right text", "typed errors", "defects", "slowest s")
    for kind, tally in result.items():
        right = f"{tally['right']} of {tally['checked']}" if tally["checked"] else ""
        cells = (tally["files"], tally["read"], right, len(tally["refused"]), len(tally["defects"]))
        table.add_row(kind, *map(str, cells), str(tally["slowest_seconds"]))
    console.print(table)
    write(result, output)


@bench_app.command()
def composition(
    runs: Annotated[int, typer.Option(help="Documents each way.")] = 5,
    output: Output = None,
) -> None:
    """A document's time against its critical path, with the stage latencies of a GPU deployment played."""
    from rag.bench.composition import Latencies, bench_composition

    result = asyncio.run(bench_composition(Latencies(), runs=runs)).as_dict()
    show("Composition", {name: value for name, value in result.items() if name != "latencies"})
    write(result, output)


@bench_app.command()
def pipeline(
    pages: Annotated[int, typer.Option(help="Scanned pages.")] = 20,
    samples: Annotated[Path, typer.Option(help="Folder of PDFs the pages are drawn from.")] = Path("data/samples"),
    output: Output = None,
) -> None:
    """Pages per CPU-second of the whole way in, beside bare tesseract. Starts a Redwell of its own."""
    from rag.bench.pipeline import bench_pipeline, table
    from rag.client import RedwellClient

    with stack() as url, RedwellClient(url, timeout=600) as client:
        result = bench_pipeline(client, samples, pages=pages, root=os.getpid())
    console.print(table(result), markup=False, highlight=False)
    write(result.as_dict(), output)


@bench_app.command()
def index(
    sizes: Annotated[str, typer.Option(help="Numbers of chunks, joined by commas.")] = "10000,100000,1000000",
    kinds: Annotated[str, typer.Option(help="flat, pq, ivf and hnsw, joined by commas.")] = "flat,pq,ivf,hnsw",
    texts: Annotated[int, typer.Option(help="Made passages to embed; their vectors are spread to the sizes.")] = 1500,
    vectors: Annotated[
        Path | None, typer.Option(help="Embeddings of yours instead: .npy, float32, unit rows; the last 200 ask.")
    ] = None,
    output: Output = None,
) -> None:
    """Recall@10, latency, build time and memory of the kinds of dense index against exact search."""
    import numpy as np

    from rag.bench.index import CONFIGURATIONS, bench_index, table
    from rag.bench.made_text import MadeText

    with reported(), console.status("embedding") as status:
        if vectors is not None:
            known = np.load(vectors, allow_pickle=False)
            real, asked = known[:-200], known[-200:]
        else:
            made, embedder = MadeText(sentences=3), _embedder()
            real, asked = embedder.embed(made.passages(texts)), embedder.embed(made.questions(200))
        wanted = kinds.split(",")
        result = bench_index(
            real,
            asked,
            [int(size) for size in sizes.split(",")],
            kinds=[one for one in CONFIGURATIONS if one[0] in wanted],
            progress=status.update,
        )
    console.print(table(result), markup=False, highlight=False)
    write(result.as_dict(), output)


@bench_app.command("retrieval")
def bench_retrieval_command(
    chunks: Annotated[int, typer.Option(help="Size of the library.")] = 100_000,
    questions: Annotated[int, typer.Option(help="Questions asked.")] = 100,
    output: Output = None,
) -> None:
    """Milliseconds of a search (embed, search, fuse, fetch) at a size, beside bare FAISS and tantivy in the same run."""
    from rag.bench.retrieval import bench_retrieval, table

    with reported(), console.status("starting") as status:
        result = asyncio.run(bench_retrieval(chunks, questions=questions, progress=status.update))
    console.print(table(result), markup=False, highlight=False)
    write(result.as_dict(), output)


def _embedder() -> Any:
    from rag.adapters.embed_st import SentenceTransformerEmbedder
    from rag.runtime.weights import resolve
    from rag.settings import load

    settings = load("cpu")
    path = resolve(settings.embedding.model, cache_dir=settings.cache_dir)
    return SentenceTransformerEmbedder(path, dtype=settings.embedding.dtype)


@contextlib.contextmanager
def stack(**overrides: Any) -> Iterator[str]:
    """A Redwell with an empty library on a free port, stopped afterwards. `overrides`: sections of the settings."""
    import logging
    import socket

    from rag.runtime.loopback import keep_ray_here
    from rag.settings import load

    keep_ray_here(None)
    from rag import deploy

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
        settings = load("cpu", overrides={"data_dir": folder, "server": {"port": port}, **overrides})
        logging.getLogger("httpx").setLevel(logging.WARNING)
        try:
            deploy.start(settings, progress=lambda text: console.print(text, style="dim"))
            yield f"http://127.0.0.1:{port}"
        finally:
            deploy.stop()


def show(title: str, rows: dict[str, Any]) -> None:
    table = Table(title=title, show_header=False, title_justify="left")
    for name, value in rows.items():
        table.add_row(name.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else str(value))
    console.print(table)


def write(result: dict[str, Any], output: Path | None) -> None:
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(result, indent=2, default=str) + "\n", encoding="utf-8")
        console.print(f"written: {output}", markup=False)
