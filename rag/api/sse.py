"""Server-sent events: framing is FastAPI's; the first event is awaited before the response begins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.sse import EventSourceResponse, format_sse_event

from rag.api.problems import problem_body
from rag.errors import RedwellError

Event = tuple[str, dict[str, Any]]


async def event_stream(events: AsyncIterator[Event]) -> EventSourceResponse:
    """An error before the first event is an ordinary HTTP error; a later one is an `error` event."""
    first = await anext(events, None)

    async def body() -> AsyncIterator[bytes]:
        if first is None:
            return
        yield _frame(*first)
        try:
            async for name, data in events:
                yield _frame(name, data)
        except RedwellError as error:
            yield _frame("error", problem_body(error))

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(body(), headers=headers)


def _frame(name: str, data: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
