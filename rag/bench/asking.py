"""The first word of an answer, streamed over HTTP: seconds beyond the passages, which come before it in the same stream."""

from __future__ import annotations

import time
from pathlib import Path

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
"""Samples with enough passages that five go into a prompt."""
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


def first_tokens(client: RedwellClient, questions: tuple[str, ...] = QUESTIONS, *, rounds: int = 2) -> list[Line]:
    """Questions one after another; the first warms up. Those whose answer is refused before a model is asked do not count.

    Raises StageFailed when every one was refused.
    """
    retrieved, beyond, whole = [], [], []
    for number, question in enumerate([questions[0], *questions * rounds]):
        started = time.perf_counter()
        passages = first = 0.0
        for event in client.ask_stream(question, collection="asked"):
            now = time.perf_counter() - started
            if isinstance(event, ResultsEvent):
                passages = now
            elif isinstance(event, TokenEvent) and not first:
                first = now
            elif isinstance(event, FinalEvent) and first and number:
                retrieved.append(passages)
                beyond.append(first - passages)
                whole.append(now)
    if not beyond:
        raise StageFailed("No question was put to the model.", "Look at the answers: all of them were refused.")
    more = {"questions": len(beyond), "passages after, s": sorted(retrieved)[len(retrieved) // 2]}
    return [
        Line("first token beyond the passages", "", "s", tuple(beyond), compared="alone", goal=GOAL_SECONDS, more=more),
        Line("answer over HTTP, whole", "", "s", tuple(whole), compared="alone"),
    ]
