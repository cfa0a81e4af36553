"""`redwell count`, and `redwell eval corpus`: exact questions about the library."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stdout

ROWS_AT_ONCE = 200


def count(
    question: Annotated[str, typer.Argument(help="'which invoices are above 10,000'", show_default=False)],
    collection: Annotated[str | None, typer.Option(help="Only documents of this collection.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Show at most so many documents; 0 shows all.")] = 50,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Count or list documents exactly, in the database: the total is exact whatever is shown, and each row says why."""
    from rich.markup import escape
    from rich.table import Table

    with reported(), client(url, api_key) as redwell:
        scope = {"collection": collection} if collection else {}
        reply = first = redwell.query({"question": question, **scope}, limit=min(rows or ROWS_AT_ONCE, ROWS_AT_ONCE))
        found = list(reply.rows)
        while reply.next_offset is not None and (not rows or len(found) < rows):
            most = min(rows - len(found), ROWS_AT_ONCE) if rows else ROWS_AT_ONCE
            reply = redwell.query(first.query, offset=reply.next_offset, limit=most)
            found += reply.rows
    if json:
        typer.echo(as_json({"understood": first.understood, "total": first.total, "sums": first.sums, "rows": found}))
        return
    console = stdout()
    head = [line for line in first.answer.splitlines() if not line.startswith(("- ", "… "))]
    console.print("\n".join(head), markup=False)
    table = Table("document", "type", "date", "amount", "page", "because", box=None, header_style="bold")
    for row in found:
        because = "; ".join(dict.fromkeys(" ".join(match.text.split())[:60] for match in row.matches))
        page = str(row.matches[0].page) if row.matches else ""
        amount = row.amount.text if row.amount else ""
        table.add_row(escape(row.filename), row.type or "", row.date or "", amount, page, escape(because))
    if found:
        console.print(table)
    if len(found) < first.total:
        console.print(f"… and {first.total - len(found):,} more: --rows 0 shows all.", markup=False)


def evaluate(
    file: Annotated[Path, typer.Argument(help="JSON lines: id, question, count, documents, sums, first.")] = Path(
        "data/corpus_questions.jsonl"
    ),
    others: Annotated[
        Path | None, typer.Option(help="JSON lines with questions on facts: none of them may be counted.")
    ] = Path("data/questions.jsonl"),
    collection: Annotated[str | None, typer.Option(help="Count only this collection.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Annotated[Path | None, typer.Option(help="Write the whole result as JSON to this file.")] = None,
) -> None:
    """Questions about the library as a whole: understood, counted right, every row cited; and none of the others taken for one."""
    from rich.table import Table

    from rag.evaluation.corpus import load_corpus_questions, put_corpus, report_corpus
    from rag.evaluation.http import HttpAsker

    console = stdout()
    with reported():
        server = HttpAsker(url, api_key)
        outcomes = [put_corpus(question, server, collection) for question in load_corpus_questions(file)]
        lines = others.read_text(encoding="utf-8").splitlines() if others else []
        asked = [jsons.loads(line)["question"] for line in lines]
        taken = [server.count({"question": question, "limit": 1}) is not None for question in asked]
    result = report_corpus(outcomes, taken)
    table = Table(title="Corpus questions", show_header=False, title_justify="left")
    for name, value in result["summary"].items():
        table.add_row(name.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else str(value))
    console.print(table)
    for outcome in outcomes:
        if not (outcome.right_count and outcome.right_documents):
            wrong = f"counts {outcome.count}, not {outcome.question.count}" if outcome.understood else "not understood"
            details = "; ".join(
                f"{what}: {', '.join(names)}"
                for what, names in (("missing", outcome.missing), ("added", outcome.added))
                if names and outcome.understood
            )
            console.print(f"  {outcome.question.id} {outcome.question.question} {wrong} {details}", markup=False)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(jsons.dumps(result, indent=2) + "\n", encoding="utf-8")
        console.print(f"written: {output}", markup=False)
