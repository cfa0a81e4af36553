"""`redwell eval questions`: a set of questions with their truth, put to a running Redwell over HTTP.

A question is one line of JSON: {id, question, answers [accepted spellings], documents [that state it], page, answerable}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    question: str
    answers: tuple[str, ...]
    documents: tuple[str, ...]
    page: int | None
    answerable: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    question: Question
    answer: str
    found: bool
    cited: tuple[str, ...]
    """File names in the order of the citations."""
    right_document_first: bool
    right_page_first: bool
    answer_right: bool
    """An accepted spelling stands in the answer."""
    citations: int
    slices: int
    """Citations whose quote is the page's text between start and end."""
    retrieved_rank: int | None
    """Rank (from 1) of the first passage of a right document."""
    seconds: float


class Asker(Protocol):
    """What is needed of a client: plain JSON in and out."""

    def ask(self, question: str, collection: str | None) -> dict[str, Any]: ...

    def page_text(self, document_id: str, number: int) -> str: ...


def load_questions(path: Path) -> list[Question]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Question(
            str(row["id"]),
            row["question"],
            tuple(row.get("answers") or ([row["answer"]] if row.get("answer") else [])),
            tuple(row.get("documents") or ([row["document"]] if row.get("document") else [])),
            row.get("page"),
            bool(row["answerable"]),
        )
        for row in rows
    ]


def put(question: Question, asker: Asker, collection: str | None) -> Outcome:
    answer = asker.ask(question.question, collection)
    citations = answer["citations"]
    cited = tuple(citation["filename"] for citation in citations)
    slices = sum(
        asker.page_text(citation["document_id"], citation["page"])[citation["start"] : citation["end"]]
        == citation["quote"]
        for citation in citations
    )
    ranks = [i for i, row in enumerate(answer["results"], 1) if row["filename"] in question.documents]
    first = citations[0] if citations else None
    right_document = first is not None and first["filename"] in question.documents
    return Outcome(
        question=question,
        answer=answer["answer"],
        found=answer["found"],
        cited=cited,
        right_document_first=right_document,
        right_page_first=bool(right_document and first and first["page"] == question.page),
        answer_right=any(_plain(accepted) in _plain(answer["answer"]) for accepted in question.answers),
        citations=len(citations),
        slices=slices,
        retrieved_rank=ranks[0] if ranks else None,
        seconds=answer["timings"].get("total", 0.0),
    )


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares in 0..1; counts beside them say of how many."""
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    absent = [outcome for outcome in outcomes if not outcome.question.answerable]
    citations = sum(outcome.citations for outcome in outcomes)
    return {
        "questions": len(outcomes),
        "answerable": len(answerable),
        "unanswerable": len(absent),
        "right_document_cited_first": _share(outcome.right_document_first for outcome in answerable),
        "right_page_cited_first": _share(outcome.right_page_first for outcome in answerable),
        "answer_right": _share(outcome.answer_right for outcome in answerable),
        "answerable_refused": _share(not outcome.found for outcome in answerable),
        "unanswerable_refused": _share(not outcome.found for outcome in absent),
        "mrr": sum(1 / o.retrieved_rank for o in answerable if o.retrieved_rank) / max(len(answerable), 1),
        "citations": citations,
        "citations_slice": sum(outcome.slices for outcome in outcomes) / citations if citations else 1.0,
        "median_seconds": sorted(outcome.seconds for outcome in outcomes)[len(outcomes) // 2] if outcomes else 0.0,
    }


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {"summary": summarise(outcomes), "outcomes": [asdict(outcome) for outcome in outcomes]}


def _share(flags: Any) -> float:
    values = [bool(flag) for flag in flags]
    return sum(values) / len(values) if values else 0.0


def _plain(text: str) -> str:
    """Case, white space and thousands separators do not matter."""
    text = re.sub(r"(?<=\d)[,' ](?=\d{3}\b)", "", text.casefold())
    return " ".join(re.sub(r"[“”\"'’]", "", text).split())
