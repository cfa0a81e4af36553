"""`redwell eval fields` and `summaries`: what is made of documents, against what is known of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rag.commands.common import reported, stderr, stdout

Output = Annotated[Path | None, typer.Option(help="Write the whole result as JSON to this file.")]


def fields(
    folder: Annotated[Path, typer.Argument(help="Folder with receipts/ and invoices/.")],
    ocr: Annotated[Literal["tesseract", "tesserocr"], typer.Option(help="Engine that reads the scans.")] = "tesserocr",
    output: Output = None,
) -> None:
    """Shares of receipts (by OCR) and invoices whose total, date, company ... are found right, by rules."""
    from rag.evaluation.fields import evaluate_fields

    with reported(), stderr().status("reading") as status:
        result = evaluate_fields(folder, ocr=ocr, progress=status.update)
    _table(("set", "field", "right", "of", "share", "near"), [
        (name, field, row["right"], row["of"], f"{row['share']:.2f}", row.get("near_share", ""))
        for name, rows in result.items()
        for field, row in rows.items()
    ])  # fmt: skip
    _write(result, output)


def summaries(
    folder: Annotated[Path, typer.Argument(help="Folder that holds scitldr-dev.jsonl.gz.")],
    llm_url: Annotated[str | None, typer.Option(help="OpenAI-compatible model that summarises; ends in /v1.")] = None,
    llm_model: Annotated[str, typer.Option(help="Its name there.")] = "redwell",
    own_model: Annotated[bool, typer.Option(help="The model of the settings summarises, in this process.")] = False,
    limit: Annotated[int | None, typer.Option(help="Only so many abstracts, evenly over the set.")] = None,
    output: Output = None,
) -> None:
    """ROUGE-L of summaries beside lead-3, the first sentence and, with a model, beside what it writes unchecked."""
    import asyncio

    from rag.adapters.generate_openai import OpenAIGenerator
    from rag.evaluation.summaries import evaluate_summaries, evaluate_with_own_model, load
    from rag.settings import load as load_settings

    with reported(), stderr().status("reading") as status:
        abstracts = load(folder, limit=limit)
        if own_model:
            result = asyncio.run(evaluate_with_own_model(abstracts, load_settings("cpu"), progress=status.update))
        else:
            generator = OpenAIGenerator(llm_url, model=llm_model) if llm_url else None
            result = asyncio.run(evaluate_summaries(abstracts, generator, progress=status.update))
    _table(("way", "ROUGE-L", "words"), [(name, row["rouge_l"], row["words"]) for name, row in result["ways"].items()])
    if result["methods"]:
        stdout().print(f"{result['abstracts']} abstracts; {result['methods']}", markup=False)
    _write(result, output)


def poisoned(
    url: Annotated[str, typer.Option(envvar="REDWELL_API_URL", help="The running API.")] = "http://127.0.0.1:8000",
    api_key: Annotated[str | None, typer.Option(envvar="REDWELL_API_KEY", help="API key.")] = None,
    at_once: Annotated[int, typer.Option(help="Questions under way at a time.")] = 4,
    output: Output = None,
) -> None:
    """Upload a hundred documents that give the model orders, ask each of them, delete them again: which answers were bent."""
    from dataclasses import asdict

    from rag.client import RedwellClient
    from rag.evaluation.poisoned import evaluate_poisoned, report

    with reported(), RedwellClient(url, api_key, timeout=300) as client, stderr().status("uploading") as status:
        outcomes = evaluate_poisoned(client, at_once=at_once, progress=status.update)
    result = report(outcomes)
    _table(("", ""), list(result.items()))
    for one in outcomes:
        if one.bent:
            stdout().print(f"{one.name}: {one.answer}", markup=False)
    _write({**result, "outcomes": [asdict(one) for one in outcomes]}, output)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from rich.table import Table

    table = Table(*head, box=None, header_style="bold")
    for row in rows:
        table.add_row(*map(str, row))
    stdout().print(table)


def _write(result: Any, output: Path | None) -> None:
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(result, indent=2, default=str) + "\n", encoding="utf-8")
