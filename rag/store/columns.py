"""How values are stored alike on every database: instants, texts, lookup keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

KEY_CHARS = 300
"""Longest lookup key: PostgreSQL refuses index entries over 2,700 bytes."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime as microseconds since 1970: exact and ordered alike on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(int(value))


def micros(value: datetime) -> int:
    """Microseconds since 1970; a datetime without zone is taken as UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(value: int) -> datetime:
    """The UTC datetime of microseconds since 1970. Raises OverflowError outside the years 1 to 9999."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)


def storable(text: str) -> str:
    """The text with NUL and lone surrogates, which databases refuse, as U+FFFD: offsets stay as they are."""
    return _UNSTORABLE.sub("\ufffd", text)


def lookup_key(text: str) -> str:
    """What names are compared by: casefolded, white space joined, at most KEY_CHARS characters."""
    return " ".join(storable(text).casefold().split())[:KEY_CHARS]
