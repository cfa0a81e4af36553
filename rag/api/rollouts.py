"""/v1/rollouts: answering models by name, and one that takes another's place gradually."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rag.api.schemas import Body
from rag.rollouts import choose
from rag.rollouts.judge import SLOW, Count, Guard, Mode, Rollout
from rag.services import Services
from rag.store.rollouts import Tally

_USUAL = Guard()


class RolloutBody(Body):
    model: str = Field(min_length=1, max_length=200, description="One of `models` in the settings.")
    mode: Mode = Field(Mode.GRADUAL, description="gradual: step by step. split: a fixed share. shadow: unseen copies.")
    steps: list[float] | None = Field(None, max_length=20, description="Shares of the questions; of a split, one.")
    requests: int = Field(_USUAL.requests, description="Answers of the candidate in each step.")
    seconds: float = Field(_USUAL.seconds, description="The least time of a step.")
    failures: int = Field(_USUAL.failures, description="Fewer failures never stop it.")
    more_failures: float = Field(_USUAL.more_failures, description="Share of failures above the stable model's.")
    slower: float = Field(
        _USUAL.slower, description="How much slower the slowest tenth may be; 0.5: half as slow again."
    )

    def guard(self) -> Guard:
        usual = (0.5,) if self.mode is Mode.SPLIT else _USUAL.steps
        steps = tuple(self.steps or usual)
        return Guard(steps, self.requests, self.seconds, self.failures, self.more_failures, self.slower)


class StopBody(Body):
    id: str | None = Field(None, max_length=64, description="null: what runs, or else what was promoted last.")
    reason: str = Field("Stopped by hand.", max_length=500)


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["rollouts"])
    store = services.state.rollouts

    @router.get("/v1/rollouts", summary="Answering models, and rollouts, newest first")
    async def listed() -> dict[str, Any]:
        standing = await store.standing()
        found = [await _record(one) for one in await store.newest()]
        return {"models": choose.names(services), "standing": standing.id if standing else None, "rollouts": found}

    @router.post("/v1/rollouts", status_code=201, summary="Begin to let another model answer")
    async def start(body: RolloutBody) -> dict[str, Any]:
        return await _record(await choose.start(services, body.model, body.mode, body.guard()))

    @router.post("/v1/rollouts/stop", summary="The stable model answers everything again; takes back what was promoted")
    async def stop(body: StopBody) -> dict[str, Any]:
        return await _record(await choose.stop(services, body.id, body.reason))

    @router.get("/v1/rollouts/{id}", summary="How far one is, and what was counted")
    async def one(id: str) -> dict[str, Any]:
        return await _record(await store.get(id))

    async def _record(rollout: Rollout) -> dict[str, Any]:
        return rollout_record(rollout, await store.tally(rollout.id))

    return router


def rollout_record(rollout: Rollout, tally: Tally) -> dict[str, Any]:
    agreed = tally.agreement
    shares = sum(bucket * number for bucket, number in agreed.buckets.items()) / 10
    return {
        **asdict(rollout),
        "weight": rollout.weight,
        "in_step": tally.in_step.get(rollout.step, 0),
        "arms": {"stable": _arm(tally.stable), "candidate": _arm(tally.candidate)},
        "agreement": round(shares / agreed.requests, 3) if agreed.requests else None,
    }


def _arm(count: Count) -> dict[str, Any]:
    middle, slow = count.seconds(0.5), count.seconds(SLOW)
    return {
        "requests": count.requests,
        "failures": count.failures,
        "median_seconds": middle and round(middle, 4),
        "slow_seconds": slow and round(slow, 4),
    }
