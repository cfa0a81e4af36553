"""A corpus question as an answer: understood by rules and counted, or None, and then it is answered from passages."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

from rag.analysis.labels import TYPE
from rag.corpus.count import count
from rag.corpus.grammar import understand
from rag.corpus.query import CorpusQuery, Counted, Wants
from rag.corpus.wording import told
from rag.model import Answer, Filter, Grounding
from rag.services import Services


async def counted_answer(
    question: str, scope: Filter, services: Services, *, today: date | None = None
) -> Answer | None:
    """`today` (UTC when not given) is what 'this week' and 'since May' count from."""
    started = time.perf_counter()
    query = understand(
        question,
        today=today or datetime.now(UTC).date(),
        scope=scope,
        labels=await document_types(services),
    )
    if query is None:
        return None
    counted = await count(query, services.state.documents)
    if counted.total == 0 and _may_be_a_search(query):
        return None
    return as_answer(counted, seconds=time.perf_counter() - started)


async def document_types(services: Services) -> tuple[str, ...]:
    """The labels of the type set in force."""
    return (await services.state.labels.get(TYPE)).names


def as_answer(counted: Counted, *, seconds: float) -> Answer:
    return Answer(
        answer=told(counted),
        citations=counted.citations,
        grounding=Grounding(True, 1.0),
        results=(),
        model="",
        prompt_version="",
        timings={"count": round(seconds, 4), "total": round(seconds, 4)},
        kind="counted",
        counted=counted,
    )


def _may_be_a_search(query: CorpusQuery) -> bool:
    """'Which documents mention the broken pipe': when nothing says it in these words, passages may in others."""
    return query.wants is Wants.LIST and any(
        name.islower() for group in (*query.mentions, *query.issuers) for name in group
    )
