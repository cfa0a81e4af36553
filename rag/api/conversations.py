"""/v1/conversations: what was asked before, to be read and gone on with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from rag.access.principal import acting
from rag.answer import AskRequest
from rag.api.scope import Body
from rag.errors import InvalidInput
from rag.model import Message
from rag.services import Services
from rag.store.conversations import ConversationStore, Turn

HISTORY_TURNS = 4
NEAREST = 4
"""Passages kept of an answer that is not in the documents."""
User = Annotated[
    str | None,
    Header(
        alias="X-Redwell-User",
        max_length=100,
        description="Who asks, where several people share an API key: each has conversations of their own.",
    ),
]


class TitleBody(Body):
    title: str = Field(min_length=1, max_length=8000)


def owner(user: str | None) -> str:
    """Whose conversations these are: of the API key's tenant, the key, and the person whom its holder names."""
    principal = acting()
    return f"{principal.tenant if principal else ''}/{principal.key_id if principal else ''}/{user or ''}"


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
    store = services.state.conversations

    @router.get("", summary="Conversations, last used first")
    async def listed(
        user: User = None, limit: int = Query(50, ge=1, le=500), offset: int = Query(0, ge=0)
    ) -> dict[str, Any]:
        """`kept` says whether new ones are kept (answering.conversations)."""
        found = await store.list(owner(user), limit=limit, offset=offset)
        return {
            "conversations": [asdict(one) for one in found],
            "kept": services.settings.answering.conversations,
        }

    @router.post("", status_code=201, summary="Begin one; `conversation_id` of /v1/ask then adds to it")
    async def begin(asked: TitleBody, user: User = None) -> dict[str, Any]:
        check_kept(services)
        return asdict(await store.start(owner(user), asked.title))

    @router.delete("", status_code=204, summary="Delete all of them")
    async def delete_all(user: User = None) -> Response:
        await store.delete_all(owner(user))
        return Response(status_code=204)

    @router.get("/{conversation_id}", summary="One with its turns")
    async def get(conversation_id: str, user: User = None) -> dict[str, Any]:
        """A turn's `answer` is null when a document that it rested on was deleted."""
        conversation, told = await store.get(owner(user), conversation_id)
        return asdict(conversation) | {"turns": [asdict(turn) for turn in told]}

    @router.patch("/{conversation_id}", status_code=204, summary="Rename")
    async def rename(conversation_id: str, asked: TitleBody, user: User = None) -> Response:
        await store.rename(owner(user), conversation_id, asked.title)
        return Response(status_code=204)

    @router.delete("/{conversation_id}", status_code=204, summary="Delete it and all that was said in it")
    async def delete(conversation_id: str, user: User = None) -> Response:
        await store.delete(owner(user), conversation_id)
        return Response(status_code=204)

    return router


def check_kept(services: Services) -> None:
    if not services.settings.answering.conversations:
        raise InvalidInput("Conversations are not kept here.", "Set answering.conversations to true to keep them.")


@dataclass(frozen=True, slots=True)
class Kept:
    """The conversation that a question belongs to; without an id, none."""

    store: ConversationStore
    owner: str
    id: str | None = None
    told: tuple[Message, ...] = ()

    @classmethod
    async def of(cls, id: str | None, user: str | None, services: Services) -> Kept:
        """Raises NotFound for a conversation that is not there or another's."""
        store, whose = services.state.conversations, owner(user)
        if id is None:
            return cls(store, whose)
        check_kept(services)
        _, said = await store.get(whose, id)
        return cls(store, whose, id, history(said))

    def request(self, asked: AskRequest) -> AskRequest:
        """With what was said before; questions of one conversation go to one model."""
        return replace(asked, history=self.told + asked.history, session=asked.session or self.id)

    async def add(self, question: str, record: dict[str, Any]) -> None:
        """Of what retrieval brought, only the nearest passages are kept, and only where nothing was found."""
        if self.id is not None:
            results = [] if record["found"] else record["results"][:NEAREST]
            await self.store.add(self.owner, self.id, question, {**record, "results": results, "draft": ""})


def history(told: tuple[Turn, ...]) -> tuple[Message, ...]:
    """The last answered turns, for questions that lean on them."""
    answered = [(turn.question, turn.answer) for turn in told if turn.answer and turn.answer.get("found")]
    return tuple(
        message
        for question, answer in answered[-HISTORY_TURNS:]
        for message in (Message("user", question), Message("assistant", str(answer.get("answer", ""))))
    )
