"""A counted answer as HTML: the number, how it was understood, and a table of its documents. All text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.replies.corpus import Counted, CountedRow
from rag.replies.documents import Answer
from ui.view import link
from ui.words import later, say, several

BECAUSE_CHARS = 90


def result_html(answer: Answer) -> str:
    """'3 invoices.', and below it what was counted."""
    result = answer.answer.partition(" Counted exactly over")[0]
    counted = answer.counted or Counted()
    how = say(
        "Counted exactly over {documents}: {what}.",
        documents=several(counted.in_scope, "document", "documents"),
        what=counted.understood,
    )
    notes = "".join(f'<div class="rw-line">{escape(note)}</div>' for note in left_out(counted))
    return f'<div class="rw-answer">{escape(result)}</div><div class="rw-line">{escape(how)}</div>{notes}'


def left_out(counted: Counted) -> list[str]:
    """What the number does not hold."""
    return [
        say("{documents} {why}: not counted.", documents=several(count, "document", "documents"), why=say(why))
        for count, why in (
            (counted.without_amount, later("in which no such amount was found")),
            (counted.without_date, later("without a full date")),
            (counted.unread, later("not read yet, or that could not be read")),
        )
        if count
    ]


def rows_html(rows: Sequence[CountedRow]) -> str:
    """One line a document, its name a link to the page with the words marked for which it was counted."""
    dated, priced = any(row.date for row in rows), any(row.amount for row in rows)
    heads = [
        say("Document"),
        say("Type"),
        *([say("Date")] if dated else []),
        *([say("Amount")] if priced else []),
        say("Because"),
    ]
    lines = [_row(row, dated=dated, priced=priced) for row in rows]
    head = "".join(f"<th>{escape(head)}</th>" for head in heads)
    return (
        f'<table class="rw-counted"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
        if rows
        else ""
    )


def _row(row: CountedRow, *, dated: bool, priced: bool) -> str:
    page = row.matches[0].page if row.matches else 1
    marked = [(match.start, match.end) for match in row.matches if match.page == page and match.start < match.end]
    target = escape(link(row.document_id, page, marked))
    cells = [f'<a href="{target}" target="_blank">{escape(row.filename)}</a>', escape(row.type or "")]
    cells += [escape(row.date or "")] if dated else []
    cells += [escape(row.amount.text if row.amount else "")] if priced else []
    cells.append(escape(_because(row)))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _because(row: CountedRow) -> str:
    """The words for which it was counted, each with its page; its beginning is no reason."""
    words = [
        say("“{words}”, page {page}", words=" ".join(match.text.split())[:BECAUSE_CHARS], page=match.page)
        for match in row.matches
        if match.what != "beginning"
    ]
    return "; ".join(dict.fromkeys(words))
