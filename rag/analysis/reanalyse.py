"""One stage again over the documents that are out of date, and candidates of a stage beside the model in charge."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from rag.analysis.candidate import Mode, Rollout, compare
from rag.analysis.grouping import grouped
from rag.analyze import analyze, versions
from rag.errors import InvalidInput, RedwellError
from rag.model import Document, Entity, Stage
from rag.services import Services
from rag.store.reruns import BEFORE, SHADOW

log = structlog.get_logger(__name__)

STAGES = (Stage.ENTITIES, Stage.CLASSIFY, Stage.INDEX, Stage.SUMMARY)
TRIED = (Stage.ENTITIES,)
"""Stages that can have a candidate; for types the versions of the label sets are that (rag/analysis/learning.py)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one stage: documents still out of date, jobs of a re-run not finished, and before against after."""

    stage: str
    version: str
    outdated: int
    waiting: int
    comparison: dict[str, Any]


def stage_named(name: str, known: tuple[Stage, ...] = STAGES) -> Stage:
    """Raises InvalidInput."""
    for stage in known:
        if stage.value == name:
            return stage
    raise InvalidInput(f"'{name[:40]}' cannot be run by itself.", f"Choose one of: {', '.join(known)}.")


async def reanalyse(stage: Stage, services: Services, collection: str | None = None) -> int:
    """Queue the stage for every document that is out of date; analyzers work it off, over restarts. Returns how many."""
    return await services.state.reruns.enqueue(stage, await _current(stage, services), collection)


async def progress(stage: Stage, services: Services, collection: str | None = None) -> Progress:
    current = await _current(stage, services)
    store = services.state.reruns
    before = await store.kept(stage, BEFORE, collection)
    pairs = {id: (facts, await facts_of(id, stage, services)) for id, facts in before.items()}
    return Progress(
        stage.value,
        current[0],
        await store.outdated(stage, current, collection),
        await store.waiting(stage),
        asdict(compare(pairs)),
    )


async def rerun(document: Document, stage: Stage, services: Services) -> dict[Stage, RedwellError]:
    """The stage alone, on the pages as they were read; what it had found before is kept for the comparison."""
    record = document.stages.get(stage.value)
    wanted = await versions(await in_charge(document.id, services))
    if record is None or record.version != wanted[stage]:
        before = await facts_of(document.id, stage, services)
        await services.state.reruns.keep(document.id, stage, BEFORE, record.version if record else "", before)
    return await analyze_with_candidate(document, services, only=(stage,), again=True)


async def analyze_with_candidate(
    document: Document, services: Services, *, only: tuple[Stage, ...] | None = None, again: bool = False
) -> dict[Stage, RedwellError]:
    """`analyze` with whoever is in charge of this document; a shadow works afterwards, and its failure is only logged."""
    chosen = await in_charge(document.id, services)
    options: dict[str, Any] = {"only": only} if only else {}
    failures = await analyze(document, chosen, again=again, **options)
    rollout = await standing(services)
    if services.candidate and rollout.mode is Mode.SHADOW and (only is None or Stage.ENTITIES in only):
        try:
            pages = await services.state.documents.pages(document.id)
            found = grouped([one for page in await services.candidate.recognize(pages) for one in page])
            facts = [_mention(one) for one in found]
            version = services.candidate.version
            await services.state.reruns.keep(document.id, Stage.ENTITIES, SHADOW, version, facts)
        except RedwellError as error:
            log.warning("shadow_failed", document=document.id, code=error.code, detail=error.detail)
    return failures


async def in_charge(document_id: str, services: Services) -> Services:
    """The services with the candidate in place of the model where it decides for this document."""
    if services.candidate and (await standing(services)).decides(document_id):
        return replace(services, entities=services.candidate)
    return services


async def standing(services: Services) -> Rollout:
    """Of the entities' candidate: as decided over the API, or else as the settings say."""
    if services.candidate is None:
        return Rollout(Mode.DROPPED)
    own = services.settings.entities
    return await services.state.reruns.rollout(Stage.ENTITIES) or Rollout(
        Mode(own.candidate_mode), own.candidate_weight
    )


async def beside(services: Services, collection: str | None = None) -> dict[str, Any]:
    """The candidate's shadow against what the model in charge found on the same documents."""
    rollout = await standing(services)
    shadow = await services.state.reruns.kept(Stage.ENTITIES, SHADOW, collection)
    pairs = {id: (await facts_of(id, Stage.ENTITIES, services), facts) for id, facts in shadow.items()}
    return {
        "stage": Stage.ENTITIES.value,
        "mode": rollout.mode.value,
        "weight": rollout.weight,
        "in_charge": services.entities.version,
        "candidate": services.candidate.version if services.candidate else None,
        "comparison": asdict(compare(pairs)),
    }


async def facts_of(document_id: str, stage: Stage, services: Services) -> list[str]:
    """What a stage found in a document, one line a fact, so that two results can be compared."""
    store = services.state.documents
    if stage is Stage.ENTITIES:
        return [_mention(one) for one in await store.entities(document_id)]
    if stage is Stage.CLASSIFY:
        return [f"{one.set}: {one.label}" for one in await services.state.labels.of_document(document_id)]
    if stage is Stage.INDEX:
        return [f"{chunk.page}:{chunk.start}-{chunk.end}" for chunk in await store.chunks(document_id)]
    summary = (await store.get(document_id)).summary
    return [summary.text] if summary else []


async def _current(stage: Stage, services: Services) -> list[str]:
    """The version in charge first; a candidate's results are no older than that."""
    own = (await versions(services))[stage]
    rollout = await standing(services)
    if stage is not Stage.ENTITIES or services.candidate is None or rollout.mode in (Mode.SHADOW, Mode.DROPPED):
        return [own]
    tried = services.candidate.version
    return [tried] if rollout.mode is Mode.PROMOTED else [own, tried]


def _mention(entity: Entity) -> str:
    return f"{entity.type} {entity.page}:{entity.start}-{entity.end} {' '.join(entity.text.split())}"
