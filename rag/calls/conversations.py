"""Calls on conversations: those of the API key and of the client's `user`."""

from __future__ import annotations

from urllib.parse import quote

from rag.calls.base import Calls
from rag.replies.shelf import Conversation, ConversationHead, Conversations
from rag.wire import ApiError, decode


class ConversationCalls(Calls):
    def conversations(self, *, limit: int = 50) -> Conversations:
        """Last used first."""
        reply = self._json("GET", "/v1/conversations", params={"limit": limit})
        return decode(Conversations, reply)

    def begin_conversation(self, title: str) -> ConversationHead:
        """Ask with its id to add to it. Raises ApiError 'invalid_input' where conversations are not kept."""
        return decode(ConversationHead, self._json("POST", "/v1/conversations", json={"title": title}))

    def conversation(self, conversation_id: str) -> Conversation:
        return decode(Conversation, self._json("GET", _path(conversation_id)))

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        self._send("PATCH", _path(conversation_id), json={"title": title})

    def delete_conversation(self, conversation_id: str) -> None:
        """With all that was said in it."""
        self._send("DELETE", _path(conversation_id))


def _path(conversation_id: str) -> str:
    if conversation_id.strip(".") == "":
        raise ApiError(404, "not_found", "There is no such conversation.", "Check the id.")
    return f"/v1/conversations/{quote(conversation_id, safe='')}"
