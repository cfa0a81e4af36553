"""Spans of our own beside Ray Serve's (proxy, handles, replicas): nothing happens unless a process has a tracer provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace

_NAME = "redwell"


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """A span around a block of one task; calls of deployments inside become its children."""
    with trace.get_tracer(_NAME).start_as_current_span(name, attributes=attributes):
        yield
