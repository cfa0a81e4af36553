"""Calls that search and ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rag.calls.base import Calls, compact
from rag.replies.documents import (
    Answer,
    AskEvent,
    Citation,
    CitationEvent,
    FinalEvent,
    QueryReply,
    Result,
    ResultsEvent,
    SearchReply,
    TokenEvent,
)
from rag.wire import ApiError, decode, problem, server_sent


class QuestionCalls(Calls):
    def search(
        self,
        query: str,
        *,
        collection: str | Sequence[str] | None = None,
        document_ids: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        top_k: int | None = None,
        mode: str | None = None,
    ) -> SearchReply:
        """Passages, best first. `mode` is 'hybrid', 'dense' or 'lexical'."""
        asked = compact(
            query=query,
            collection=collection,
            document_ids=list(document_ids),
            filters=dict(filters or {}),
            top_k=top_k,
            mode=mode,
        )
        return decode(SearchReply, self._json("POST", "/v1/search", json=asked))

    def query(self, query: str | Mapping[str, Any], *, offset: int = 0, limit: int | None = None) -> QueryReply:
        """Count documents exactly: a question in words, or the typed query of POST /v1/query (as `Counted.query` holds it).

        Raises ApiError 'invalid_input' for words that are not understood.
        """
        asked = {"question": query} if isinstance(query, str) else dict(query)
        return decode(QueryReply, self._json("POST", "/v1/query", json=asked | compact(offset=offset, limit=limit)))

    def ask(
        self,
        question: str,
        *,
        collection: str | Sequence[str] | None = None,
        document_ids: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        top_k: int | None = None,
        history: Sequence[Mapping[str, str]] = (),
        strict: bool | None = None,
        model: str | None = None,
        session: str | None = None,
        conversation_id: str | None = None,
    ) -> Answer:
        """The answer with its citations; `history` holds earlier turns as {role, content}.

        `model` is a language model by its name; questions of one `session` go to one model.
        `conversation_id`: kept there, with what was said in it as the history.
        """
        asked = _question(question, collection, document_ids, filters, top_k, history, strict)
        asked |= compact(model=model, session=session, conversation_id=conversation_id)
        return decode(Answer, self._json("POST", "/v1/ask", json=asked))

    def ask_stream(
        self,
        question: str,
        *,
        collection: str | Sequence[str] | None = None,
        document_ids: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        top_k: int | None = None,
        history: Sequence[Mapping[str, str]] = (),
        strict: bool | None = None,
        model: str | None = None,
        session: str | None = None,
        conversation_id: str | None = None,
    ) -> Iterator[AskEvent]:
        """Passages, tokens and citations as they come, then one FinalEvent. Closing the iterator cancels the answer."""
        asked = _question(question, collection, document_ids, filters, top_k, history, strict)
        asked |= compact(model=model, session=session, conversation_id=conversation_id)
        with self._stream("POST", "/v1/ask", json=asked | {"stream": True}) as response:
            for name, data in server_sent(response.iter_bytes()):
                if name == "results":
                    yield ResultsEvent(decode(tuple[Result, ...], data.get("results", [])))
                elif name == "token":
                    yield TokenEvent(str(data.get("text", "")))
                elif name == "citation":
                    yield CitationEvent(decode(Citation, data))
                elif name == "final":
                    yield FinalEvent(decode(Answer, data))
                    return
                elif name == "error":
                    raise problem(int(data.get("status", 500)), data)
        raise ApiError(0, "cut_off", "The answer broke off before its end.", "Ask again.")

    def infer(self, model: str, inputs: Mapping[str, Sequence[str]]) -> dict[str, list[Any]]:
        """One model of the pipeline over the Open Inference Protocol: texts by input in, values by output (flat, row by row).

        `model` is 'embedder', 'entities', 'classifier', 'llm', ...: what GET /v2/models names.
        """
        tensors = [
            {"name": name, "shape": [len(texts)], "datatype": "BYTES", "data": list(texts)}
            for name, texts in inputs.items()
        ]
        answered = self._json("POST", f"/v2/models/{quote(model, safe='')}/infer", json={"inputs": tensors})
        return {output["name"]: output["data"] for output in answered["outputs"]}


def _question(
    question: str,
    collection: str | Sequence[str] | None,
    document_ids: Sequence[str],
    filters: Mapping[str, Any] | None,
    top_k: int | None,
    history: Sequence[Mapping[str, str]],
    strict: bool | None,
) -> dict[str, Any]:
    return {"question": question} | compact(
        collection=collection,
        document_ids=list(document_ids),
        filters=dict(filters or {}),
        top_k=top_k,
        history=[dict(turn) for turn in history],
        strict=strict,
    )
