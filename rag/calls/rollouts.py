"""Calls that let one answering model give way to another."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from rag.calls.base import Calls, compact
from rag.replies.rollouts import ModelRollout, Rollouts
from rag.wire import decode


class RolloutCalls(Calls):
    def rollouts(self) -> Rollouts:
        """Newest first."""
        return decode(Rollouts, self._json("GET", "/v1/rollouts"))

    def rollout(self, rollout_id: str) -> ModelRollout:
        return decode(ModelRollout, self._json("GET", f"/v1/rollouts/{quote(rollout_id, safe='')}"))

    def start_rollout(
        self,
        model: str,
        *,
        mode: str = "gradual",
        steps: Sequence[float] = (),
        requests: int | None = None,
        seconds: float | None = None,
    ) -> ModelRollout:
        """`mode` is gradual, split or shadow; `steps` are shares of the questions, `requests` and `seconds` of each step."""
        given = {name: value for name, value in (("requests", requests), ("seconds", seconds)) if value is not None}
        asked = {"model": model, "mode": mode} | compact(steps=list(steps)) | given
        return decode(ModelRollout, self._json("POST", "/v1/rollouts", json=asked))

    def stop_rollout(self, rollout_id: str | None = None, *, reason: str = "Stopped by hand.") -> ModelRollout:
        """Without an id what runs, or else what was promoted last."""
        return decode(ModelRollout, self._json("POST", "/v1/rollouts/stop", json={"id": rollout_id, "reason": reason}))
