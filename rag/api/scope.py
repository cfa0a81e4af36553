"""What a request lets be seen: collections, documents, filters."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from rag.access.principal import stored
from rag.model import Filter


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Filters(Body):
    type: list[str] | None = None
    entity: list[str] | None = None
    media_type: list[str] | None = None
    tag: list[str] | None = None
    metadata: dict[str, str] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class Scope(Body):
    collection: str | list[str] | None = Field(None, description="Only documents of this collection (or these).")
    document_ids: list[str] | None = Field(None, description="Only these documents.", max_length=1000)
    filters: Filters | None = None

    def filter(self) -> Filter:
        names = [self.collection] if isinstance(self.collection, str) else self.collection or []
        more = self.filters or Filters()
        return Filter(
            collections=tuple(stored(name) for name in names),
            document_ids=tuple(self.document_ids or ()),
            types=tuple(more.type or ()),
            entities=tuple(more.entity or ()),
            media_types=tuple(more.media_type or ()),
            metadata=tuple((more.metadata or {}).items()),
            created_after=more.created_after,
            created_before=more.created_before,
            tags=tuple(more.tag or ()),
        )
