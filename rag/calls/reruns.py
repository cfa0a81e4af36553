"""Calls that run a stage again and steer a candidate."""

from __future__ import annotations

from urllib.parse import quote

from rag.calls.base import Calls, compact
from rag.replies.reruns import Candidate, Rerun
from rag.wire import decode


class RerunCalls(Calls):
    def reanalyse(self, stage: str, *, collection: str | None = None) -> Rerun:
        """Queue the stage for every document where it is out of date."""
        asked = {"stage": stage} | compact(collection=collection)
        return decode(Rerun, self._json("POST", "/v1/reanalyse", json=asked))

    def rerun(self, stage: str, *, collection: str | None = None) -> Rerun:
        """How far it is, and what changed."""
        path = f"/v1/reanalyse/{quote(stage, safe='')}"
        return decode(Rerun, self._json("GET", path, params=compact(collection=collection)))

    def candidate(self, stage: str) -> Candidate:
        return decode(Candidate, self._json("GET", f"/v1/candidates/{quote(stage, safe='')}"))

    def decide_candidate(self, stage: str, mode: str, *, weight: float = 0.0) -> Candidate:
        """shadow, share (with a weight in 0..1), promoted or dropped."""
        body = {"mode": mode, "weight": weight}
        return decode(Candidate, self._json("POST", f"/v1/candidates/{quote(stage, safe='')}", json=body))
