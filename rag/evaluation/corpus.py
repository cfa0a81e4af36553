"""`redwell eval corpus`: corpus questions with their truth, put to a running Redwell over HTTP.

A question is one line of JSON: {id, question, count, documents [file names, where they are told], sums ["EUR 12.50"], first}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.errors import ConfigurationError

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class CorpusQuestion:
    id: str
    question: str
    count: int
    documents: tuple[str, ...] | None
    """All that match; None where only their number is told."""
    sums: tuple[str, ...]
    first: str


@dataclass(frozen=True, slots=True)
class CorpusOutcome:
    question: CorpusQuestion
    understood: str
    """Empty where the question was left to the passages."""
    count: int
    right_count: bool
    right_documents: bool
    """The same documents, and the right sums and first one where these are asked for."""
    missing: tuple[str, ...]
    added: tuple[str, ...]
    rows: int
    cited: int
    """Rows with a citation whose quote is the page's text between start and end."""


class Counts(Protocol):
    def count(self, query: dict[str, Any]) -> dict[str, Any] | None:
        """None where the question is not understood as one about the library."""
        ...

    def page_text(self, document_id: str, number: int) -> str: ...


def load_corpus_questions(path: Path) -> list[CorpusQuestion]:
    """Raises ConfigurationError."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [
            CorpusQuestion(
                str(row["id"]),
                row["question"],
                int(row["count"]),
                None if row.get("documents") is None else tuple(sorted(row["documents"])),
                tuple(row.get("sums", ())),
                row.get("first", ""),
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error}", "One JSON object a line: id, question, count, documents."
        ) from error


def put_corpus(question: CorpusQuestion, server: Counts, collection: str | None) -> CorpusOutcome:
    scope = {"collection": collection} if collection else {}
    reply = server.count({"question": question.question, "limit": ROWS_AT_ONCE, **scope})
    if reply is None:
        wanted = question.documents or ()
        return CorpusOutcome(question, "", 0, False, False, wanted, (), 0, 0)
    rows = list(reply["rows"])
    quotes = list(_checked(reply, server))
    while reply["next_offset"] is not None:
        reply = server.count({**reply["query"], "offset": reply["next_offset"], "limit": ROWS_AT_ONCE})
        assert reply is not None, "a typed query is always understood"
        rows += reply["rows"]
        quotes += _checked(reply, server)
    names = {row["filename"] for row in rows}
    wanted_names = names if question.documents is None else set(question.documents)
    sums = [f"{item['currency']} {item['total']}" for item in reply["sums"]]
    same = names == wanted_names and (not question.sums or sums == list(question.sums))
    return CorpusOutcome(
        question=question,
        understood=reply["understood"],
        count=reply["total"],
        right_count=reply["total"] == question.count,
        right_documents=same and (not question.first or (bool(rows) and rows[0]["filename"] == question.first)),
        missing=tuple(sorted(wanted_names - names)),
        added=tuple(sorted(names - wanted_names)),
        rows=len(rows),
        cited=sum(quotes),
    )


def _checked(reply: dict[str, Any], server: Counts) -> list[bool]:
    """Of each row: every match lies in its citation, and every quote is the page's text."""
    citations = {citation["marker"]: citation for citation in reply["citations"]}
    checked = []
    for row in reply["rows"]:
        cited = [(match, citations[match["citation"]]) for match in row["matches"]]
        checked.append(
            bool(cited)
            and all(
                citation["start"] <= match["start"] <= match["end"] <= citation["end"]
                and server.page_text(row["document_id"], citation["page"])[citation["start"] : citation["end"]]
                == citation["quote"]
                for match, citation in cited
            )
        )
    return checked


def summarise_corpus(outcomes: Sequence[CorpusOutcome], others: Sequence[bool] = ()) -> dict[str, Any]:
    """Shares in 0..1. `others`: of questions that are not about the library, whether each was taken for one."""
    rows = sum(outcome.rows for outcome in outcomes)
    return {
        "questions": len(outcomes),
        "understood": _share(bool(outcome.understood) for outcome in outcomes),
        "right_count": _share(outcome.right_count for outcome in outcomes),
        "right_documents": _share(outcome.right_count and outcome.right_documents for outcome in outcomes),
        "rows": rows,
        "rows_cited": sum(outcome.cited for outcome in outcomes) / rows if rows else 1.0,
        "other_questions": len(others),
        "other_questions_taken": sum(others),
    }


def report_corpus(outcomes: Sequence[CorpusOutcome], others: Sequence[bool]) -> dict[str, Any]:
    return {"summary": summarise_corpus(outcomes, others), "outcomes": [asdict(outcome) for outcome in outcomes]}


def _share(flags: Any) -> float:
    values = [bool(flag) for flag in flags]
    return sum(values) / len(values) if values else 0.0
