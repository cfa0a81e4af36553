"""Calls about answers: say whether one was right."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rag.calls.base import Calls
from rag.replies.documents import Answer

_CITED = ("document_id", "filename", "page", "start", "end", "quote")


class FeedbackCalls(Calls):
    def feedback(
        self, question: str, answer: Answer, *, right: bool, reason: str = "", collection: str | None = None
    ) -> None:
        """Stored with what the answer cited; `GET /v1/feedback` gives it back for evaluation."""
        cited: list[dict[str, Any]] = [
            {name: value for name, value in asdict(citation).items() if name in _CITED} for citation in answer.citations
        ]
        self._send(
            "POST",
            "/v1/feedback",
            json={
                "question": question,
                "answer": answer.answer,
                "right": right,
                "reason": reason,
                "collection": collection,
                "citations": cited,
                "model": answer.model,
                "prompt_version": answer.prompt_version,
            },
        )
