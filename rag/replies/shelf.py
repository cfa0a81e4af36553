"""What the API answers about tags, passages of a document, its versions, and conversations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rag.replies.documents import Answer


@dataclass(frozen=True, slots=True)
class TagCount:
    tag: str
    documents: int = 0


@dataclass(frozen=True, slots=True)
class DocumentChunk:
    """`off`: not retrieved."""

    id: int
    page: int = 1
    start: int = 0
    end: int = 0
    heading: str = ""
    text: str = ""
    off: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    id: str
    version: int = 1
    created_at: datetime | None = None
    size: int = 0
    status: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """`answer` is None when a document that it rested on was deleted."""

    question: str = ""
    answer: Answer | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConversationHead:
    id: str
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Conversations:
    """`kept`: whether the service keeps new ones."""

    conversations: tuple[ConversationHead, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    turns: tuple[ConversationTurn, ...] = ()
