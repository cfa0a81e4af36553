"""Calls about runs of evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from rag.calls.base import Calls, compact
from rag.replies.evaluations import Comparison, EvaluationRun
from rag.wire import ApiError, decode


class EvaluationCalls(Calls):
    def evaluations(self, *, set: str | None = None, limit: int = 50) -> list[EvaluationRun]:
        """Newest first, without their questions."""
        reply = self._json("GET", "/v1/evaluations", params=compact(set=set, limit=limit))
        return decode(list[EvaluationRun], reply.get("runs", []))

    def evaluation(self, evaluation_id: str) -> EvaluationRun:
        """With what each question came to."""
        return decode(EvaluationRun, self._json("GET", _path(evaluation_id)))

    def compare_evaluations(self, first: str, second: str) -> Comparison:
        """By id."""
        params = {"first": first, "second": second}
        return decode(Comparison, self._json("GET", "/v1/evaluations/compare", params=params))

    def keep_evaluation(
        self,
        name: str,
        set: str,
        figures: Mapping[str, float],
        questions: Sequence[Mapping[str, Any]] = (),
        **more: str | None,
    ) -> EvaluationRun:
        """`questions`: {id, kind, figures} each. More: model, note, collection."""
        asked = {"name": name, "set": set, "figures": dict(figures), "questions": list(questions)} | compact(**more)
        return decode(EvaluationRun, self._json("POST", "/v1/evaluations", json=asked))

    def delete_evaluation(self, evaluation_id: str) -> None:
        self._send("DELETE", _path(evaluation_id))


def _path(evaluation_id: str) -> str:
    if evaluation_id.strip(".") == "":
        raise ApiError(404, "not_found", "There is no such evaluation run.", "Check the id.")
    return f"/v1/evaluations/{quote(evaluation_id, safe='')}"
