"""Log lines without personal data that has a form."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import structlog

from rag.redaction.rules import USUAL, Countries, find

_OWN = frozenset({"timestamp", "level", "document", "job", "request", "request_id", "trace_id"})
"""Keys whose values are ids and times: their digits mean nothing of a person."""


class Redactor:
    """A structlog processor: [KIND] in the place of what has a form, in texts at any depth."""

    def __init__(self, kinds: Sequence[str], countries: Countries = USUAL) -> None:
        self._kinds = tuple(kinds)
        self._countries = countries

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if key not in _OWN:
                event[key] = self._clean(value)
        return event

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._clean(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._clean(item) for item in value]
        return value

    def text(self, text: str) -> str:
        for one in reversed(find(text, self._kinds, self._countries)):
            text = f"{text[: one.start]}[{one.kind}]{text[one.end :]}"
        return text


def redact_logs(kinds: Sequence[str], countries: Countries = USUAL) -> None:
    """From now on in this process, before what else is done to a line. Tracebacks are formatted first, and cleaned too."""
    processors = [one for one in structlog.get_config()["processors"] if not isinstance(one, Redactor)]
    at = max(0, len(processors) - 1)  # the last one renders
    structlog.configure(
        processors=[
            *processors[:at],
            structlog.processors.format_exc_info,
            Redactor(kinds, countries),
            *processors[at:],
        ]
    )
