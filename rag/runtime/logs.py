"""Log lines as JSON with what they belong to: structlog's events go through a logger of the standard library, whose handlers
belong to whoever runs the process (Ray Serve writes them to the replica's file, with its request id and names).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

DOCUMENT = "document"
REQUEST = "request"


def configure(logger: str) -> None:
    """From now on events of this process go to that logger, their fields as the record's own."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.render_to_log_kwargs,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=lambda *names: logging.getLogger(logger),
        cache_logger_on_first_use=False,
    )


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Every event inside carries the fields; tasks that are started inside inherit them."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def current(field: str) -> str:
    """What the surrounding `about` said, or ''."""
    return str(structlog.contextvars.get_contextvars().get(field, ""))
