"""What /v1/index answers, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rag.replies.documents import Problem


@dataclass(frozen=True, slots=True)
class Reindex:
    """Embeddings of another model in the making: `building`, or `failed` with an error."""

    model: str
    state: str = ""
    done: int = 0
    total: int = 0
    started_at: datetime | None = None
    error: Problem | None = None


@dataclass(frozen=True, slots=True)
class IndexView:
    """One retriever's index: `kind` of its dense part, the last change it holds."""

    id: str
    shard: int = 0
    model: str = ""
    kind: str = ""
    chunks: int = 0
    sequence: int = 0
    needs: int = 0


@dataclass(frozen=True, slots=True)
class IndexState:
    """`configured` is the settings' model: where it is not `model`, a reindex brings the library to it."""

    model: str | None = None
    configured: str = ""
    chunks: int = 0
    embedded: int = 0
    reindex: Reindex | None = None
    leaving: str | None = None
    """The old model, until no index searches it any more."""
    switched: bool = True
    """Every index searches `model`."""
    views: tuple[IndexView, ...] = ()
