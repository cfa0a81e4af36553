"""The model that drafts this answer, and the standing of rollouts."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import structlog

from rag.errors import Conflict, InvalidInput, NotFound, RedwellError
from rag.ports import Generator
from rag.rollouts.judge import Arm, Guard, Mode, Rollout, Status
from rag.rollouts.models import CountedArm, ShadowedGenerator
from rag.runtime.fallback import FallbackGenerator
from rag.services import Services

log = structlog.get_logger(__name__)


async def in_charge(services: Services, *, model: str | None = None, session: str | None = None) -> Services:
    """The services with the generator that drafts this answer.

    `model`: one by its name. Otherwise a rollout decides, always the same for one `session`. Raises InvalidInput.
    """
    own = replace(services, generator=_one(services.generator))
    if model is not None:
        return replace(services, generator=_one(_named(model, services)))
    if not services.models.named:
        return own
    rollout = await services.state.rollouts.standing()
    if rollout is None:
        return own
    try:
        stable, candidate = (_one(_named(name, services)) for name in (rollout.stable, rollout.candidate))
    except InvalidInput as error:
        log.warning("rollout_without_its_models", rollout=rollout.id, detail=error.detail)
        return own
    return replace(services, generator=_arm(rollout, stable, candidate, session or uuid4().hex, services))


def names(services: Services) -> list[str]:
    """What a request may ask for; the first is the one of the settings."""
    return [services.generator.model, *services.models.named]


async def start(services: Services, candidate: str, mode: Mode, guard: Guard) -> Rollout:
    """From the model in charge to `candidate`. Raises InvalidInput; Conflict while another rollout is under way."""
    _named(candidate, services)
    standing = await services.state.rollouts.standing()
    stable = services.generator.model
    if standing and standing.status is Status.PROMOTED and standing.candidate in names(services):
        stable = standing.candidate
    if candidate == stable:
        raise InvalidInput(f"'{candidate}' is in charge already.", f"Models: {', '.join(names(services))}.")
    return await services.state.rollouts.start(candidate, stable=stable, mode=mode, guard=guard)


async def begin_trial(services: Services) -> None:
    """What `answering.trial` of the settings names, once: what was decided about it since stands."""
    trial = services.settings.answering.trial
    if not trial.model or await services.state.rollouts.seen(trial.model):
        return
    guard = Guard(steps=(trial.weight,)) if trial.mode == "split" else Guard()
    try:
        await start(services, trial.model, Mode(trial.mode), guard)
    except Conflict:  # another replica was quicker, or the API has begun another one
        return


async def stop(services: Services, id: str | None, reason: str) -> Rollout:
    """The named one, or what stands. Raises NotFound, Conflict."""
    if id is None:
        standing = await services.state.rollouts.standing()
        if standing is None:
            raise NotFound("No rollout is under way, and none was promoted.", "GET /v1/rollouts lists them.")
        id = standing.id
    return await services.state.rollouts.stop(id, reason)


def _named(name: str, services: Services) -> Generator:
    if name == services.generator.model:
        return services.generator
    if name not in services.models.named:
        known = ", ".join(names(services))
        raise InvalidInput(
            f"There is no model '{name[:60]}'.", f"Models: {known}. `models` in the settings adds others."
        )
    return services.models.named[name]


def _one(generator: Generator) -> Generator:
    """For one request: who answered it can be asked afterwards."""
    return generator.for_request() if isinstance(generator, FallbackGenerator) else generator


def _arm(rollout: Rollout, stable: Generator, candidate: Generator, key: str, services: Services) -> Generator:
    if rollout.status is Status.PROMOTED:
        return candidate

    async def counted(arm: Arm, bucket: int) -> None:
        """An answer that is there is not lost because it could not be counted."""
        try:
            after = await services.state.rollouts.count(rollout, arm, bucket)
        except RedwellError as error:
            log.warning("rollout_not_counted", rollout=rollout.id, detail=error.detail)
            return
        if (after.status, after.step) != (rollout.status, rollout.step):
            log.info("rollout_moved", rollout=after.id, status=after.status, step=after.step, reason=after.reason)

    if rollout.mode is Mode.SHADOW:
        return ShadowedGenerator(stable, candidate, services.models, counted)
    if rollout.takes(key):
        return CountedArm(candidate, Arm.CANDIDATE, counted, instead=stable)
    return CountedArm(stable, Arm.STABLE, counted)
