"""The first word of an answer, streamed over HTTP: seconds beyond the passages, which come before it in the same stream."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rag.bench.line import Line
from rag.client import RedwellClient
from rag.errors import StageFailed
from rag.replies.documents import FinalEvent, ResultsEvent, TokenEvent

GOAL_SECONDS = 0.6
DOCUMENTS = (
    "lease-harbour-street.pdf",
    "report-q3-2025.pdf",
    "policy-travel-expenses.pdf",
    "minutes-management-2025-10.pdf",
    "email-nda-advice.txt",
)
"""Samples with enough passages that five are read from, as far as the prompt holds them (`answering.context_tokens`)."""
WARM_UP = "Who is the tenant of 18 Harbour Street?"
QUESTIONS = (
    "What monthly rent was agreed in the 2023 commercial lease of 18 Harbour Street?",
    "How much was the deposit that Brightwater had to pay when it signed the Harbour Street lease?",
    "How many days does the landlord have to decide whether it consents to an assignment?",
    "When does the commercial lease of 18 Harbour Street begin?",
    "What may an employee claim for a hotel night under the travel policy?",
    "Which receipts have to be handed in with a travel expense claim?",
    "What was the revenue of the third quarter of 2025?",
    "Who took the minutes of the management meeting in October 2025?",
)


def load(client: RedwellClient, samples: Path) -> None:
    """The documents that are asked about, wholly analysed. Raises StageFailed when one is not accepted."""
    receipts = client.upload([samples / name for name in DOCUMENTS], collection="asked")
    for receipt in receipts:
        if receipt.id is None:
            raise StageFailed(f"{receipt.filename} was not accepted.", "Run the bench where data/samples is whole.")
        client.wait(receipt.id, timeout=600)


def first_tokens(client: RedwellClient, questions: tuple[str, ...] = QUESTIONS) -> list[Line]:
    """Questions one after another, then all of them again; one before them warms up. Those whose answer is refused before a
    model is asked do not count.

    Raises StageFailed when every one was refused.
    """
    _asked(client, WARM_UP)
    new = [timed for question in questions if (timed := _asked(client, question))]
    again = [timed for question in questions if (timed := _asked(client, question))]
    if not new:
        raise StageFailed("No question was put to the model.", "Look at the answers: all of them were refused.")
    more = {
        "questions": len(new),
        "passages after, s": median(one.passages for one in new),
        "evidence, s": median(one.evidence for one in new),
    }
    beyond = tuple(one.first - one.passages for one in new)
    return [
        Line("first token beyond the passages", "", "s", beyond, compared="alone", goal=GOAL_SECONDS, more=more),
        Line("the same, asked again", "", "s", tuple(one.first - one.passages for one in again), compared="alone"),
        Line("answer over HTTP, whole", "", "s", tuple(one.whole for one in new), compared="alone"),
    ]


@dataclass(frozen=True, slots=True)
class _Timed:
    """Seconds from the question."""

    passages: float
    first: float
    whole: float
    evidence: float
    """How long it took to find it."""


def _asked(client: RedwellClient, question: str) -> _Timed | None:
    """None where no model was asked."""
    started = time.perf_counter()
    passages = first = 0.0
    for event in client.ask_stream(question, collection="asked"):
        now = time.perf_counter() - started
        if isinstance(event, ResultsEvent):
            passages = now
        elif isinstance(event, TokenEvent) and not first:
            first = now
        elif isinstance(event, FinalEvent) and first:
            return _Timed(passages, first, now, event.answer.timings.get("evidence", 0.0))
    return None
