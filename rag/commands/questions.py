"""`redwell ask` and `redwell search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rag.commands.common import DEFAULT_URL, ApiKey, Json, Url, as_json, client, reported, stdout

if TYPE_CHECKING:
    from rich.console import Console

    from rag.client import RedwellClient
    from rag.replies.documents import Answer


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    collection: Annotated[str | None, typer.Option(help="Only documents of this collection.")] = None,
    top_k: Annotated[int | None, typer.Option(min=1, max=50, help="Passages to look at.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Answer a question from the documents, with the places it rests on."""
    with reported(), client(url, api_key) as redwell:
        if json:
            typer.echo(as_json(redwell.ask(question, collection=collection, top_k=top_k)))
            return
        console = stdout()
        answer = _streamed(redwell, console, question, collection, top_k)
        _citations(console, answer)


def search(
    query: Annotated[str, typer.Argument(help="Words to look for.", show_default=False)],
    collection: Annotated[str | None, typer.Option(help="Only documents of this collection.")] = None,
    mode: Annotated[str, typer.Option(help="hybrid, dense or lexical.")] = "hybrid",
    top_k: Annotated[int, typer.Option(min=1, max=100, help="Passages to show.")] = 10,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Find passages, best first, without writing an answer."""
    from rich.markup import escape
    from rich.table import Table

    with reported(), client(url, api_key) as redwell:
        reply = redwell.search(query, collection=collection, mode=mode, top_k=top_k)
    if json:
        typer.echo(as_json(reply))
        return
    table = Table("score", "document", "page", "passage", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for result in reply.results:
        passage = shortened(result.text, 160)
        table.add_row(f"{result.score:.3f}", escape(result.filename), str(result.page), escape(passage))
    stdout().print(table if reply.results else "Nothing was found.")


def shortened(text: str, length: int) -> str:
    """The text on one line, cut at a word's end to at most `length` characters."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head, space, _ = line[: length - 1].rpartition(" ")
    return (head if space else line[: length - 1]) + "…"


def _streamed(
    redwell: RedwellClient, console: Console, question: str, collection: str | None, top_k: int | None
) -> Answer:
    """Shows tokens as they come. Where the checked answer differs from what was streamed, it is shown after it."""
    from rag.replies.documents import FinalEvent, TokenEvent

    shown = ""
    for event in redwell.ask_stream(question, collection=collection, top_k=top_k):
        if isinstance(event, TokenEvent):
            shown += event.text
            console.print(event.text, end="", markup=False)
        elif isinstance(event, FinalEvent):
            if shown:
                console.print()
            if shown.strip() != event.answer.answer.strip():
                if shown:
                    console.print("After checking it against the documents:", style="yellow")
                console.print(event.answer.answer, markup=False)
            return event.answer
    raise AssertionError("ask_stream ends with a FinalEvent or raises ApiError")


def _citations(console: Console, answer: Answer) -> None:
    from rich.markup import escape

    for citation in answer.citations:
        where = f"{escape(citation.filename)}, page {citation.page}"
        quote = escape(shortened(citation.quote, 240))
        console.print(f"\n[bold]\\[{citation.marker}][/bold] {where}\n    “{quote}”")
    if answer.found and not answer.grounding.supported:
        console.print("\nNot everything in this answer is supported by the passages:", style="yellow")
        for sentence in answer.grounding.unsupported:
            console.print(f"  - {sentence}", markup=False)
