"""Candidates of the stages: who is in charge of a document, what a shadow finds, and both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, assert_never

import structlog

from rag.analysis.candidate import Mode, Rollout, compare, right_of
from rag.analysis.grouping import grouped
from rag.analyze import analyze, classified, name_classified, summarized
from rag.answering.segments import segments
from rag.errors import InvalidInput, RedwellError
from rag.fields.record import FieldValue
from rag.fields.stage import found_fields, schema_of
from rag.model import Document, Entity, Page, Stage, Summary
from rag.ports import Classifier, EntityRecognizer, Generator
from rag.sections.trying import Tried
from rag.services import Services
from rag.store.labels import DocumentLabel
from rag.store.reruns import SHADOW

log = structlog.get_logger(__name__)

TRIED = (Stage.ENTITIES, Stage.CLASSIFY, Stage.SUMMARY, Stage.FIELDS)
"""Stages that can have a candidate. The index has another model's vectors beside the old ones (rag/retrieval/reindex.py)."""
SETTINGS = {
    Stage.ENTITIES: "entities.candidate",
    Stage.CLASSIFY: "classifying.candidate",
    Stage.SUMMARY: "analysis.summary.candidate",
    Stage.FIELDS: "fields.candidate",
}


def candidate_of(stage: Stage, services: Services) -> EntityRecognizer | Classifier | Generator | None:
    match stage:
        case Stage.ENTITIES:
            return services.candidates.entities
        case Stage.CLASSIFY:
            return services.candidates.classify
        case Stage.SUMMARY:
            return services.candidates.summary
        case Stage.FIELDS:
            return services.candidates.fields
        case Stage.READ | Stage.INDEX:
            return None
        case _:
            assert_never(stage)


def with_candidate(stage: Stage, services: Services) -> Services:
    """The services with the stage's candidate, where it has one, in the place of the model in charge."""
    tried = services.candidates
    if stage is Stage.ENTITIES and tried.entities:
        return replace(services, entities=tried.entities)
    if stage is Stage.CLASSIFY and tried.classify:
        return replace(services, classifier=tried.classify)
    if stage is Stage.SUMMARY and tried.summary:
        return replace(services, writers={**services.writers, stage: tried.summary})
    if stage is Stage.FIELDS and tried.fields:
        return replace(services, writers={**services.writers, stage: tried.fields})
    return services


async def analyze_with_candidate(
    document: Document, services: Services, *, only: tuple[Stage, ...] | None = None, again: bool = False
) -> dict[Stage, RedwellError]:
    """`analyze` with whoever is in charge of this document; shadows work afterwards, and their failure is only logged."""
    chosen = await in_charge(document.id, services)
    options: dict[str, Any] = {"only": only} if only else {}
    failures = await analyze(document, chosen, again=again, **options)
    for stage in TRIED:
        wanted = only is None or stage in only
        if wanted and candidate_of(stage, services) and (await standing(stage, services)).mode is Mode.SHADOW:
            await _shadow(document, stage, services)
    return failures


async def _shadow(document: Document, stage: Stage, services: Services) -> None:
    try:
        pages = await services.state.documents.pages(document.id)
        tried = with_candidate(stage, services)
        facts = await _found_by(document, stage, pages, tried)
        await services.state.reruns.keep(document.id, stage, SHADOW, version_in_charge(stage, tried), facts)
    except RedwellError as error:
        log.warning("shadow_failed", document=document.id, stage=stage.value, code=error.code, detail=error.detail)


async def _found_by(document: Document, stage: Stage, pages: Sequence[Page], services: Services) -> list[str]:
    """What a stage would find now, as facts; nothing is saved."""
    if stage is Stage.ENTITIES:
        return _mentions(grouped([one for page in await services.entities.recognize(pages) for one in page]))
    if stage is Stage.CLASSIFY:
        sets = await services.state.labels.sets()
        found = await classified(pages, name_classified(document, services), sets, services)
        return [_label(name, one.label) for name, one in found.items()]
    if stage is Stage.SUMMARY:
        return _sentences(await summarized(pages, services))
    schema = await schema_of(document.id, services)
    return _values(await found_fields(schema, pages, services)) if schema else []


async def in_charge(document_id: str, services: Services) -> Services:
    """The services with each candidate in place of the model where it decides for this document."""
    for stage in TRIED:
        if candidate_of(stage, services) and (await standing(stage, services)).decides(document_id):
            services = with_candidate(stage, services)
    return services


async def promoted(services: Services) -> Services:
    """The services with each candidate that was promoted in its place: what belongs to no document."""
    for stage in TRIED:
        if candidate_of(stage, services) and (await standing(stage, services)).mode is Mode.PROMOTED:
            services = with_candidate(stage, services)
    return services


async def standing(stage: Stage, services: Services) -> Rollout:
    """Of a stage's candidate: as decided over the API, or else as the settings say."""
    if candidate_of(stage, services) is None:
        return Rollout(Mode.DROPPED)
    own = _section(stage, services)
    return await services.state.reruns.rollout(stage) or Rollout(Mode(own.candidate_mode), own.candidate_weight)


async def decide(stage: Stage, rollout: Rollout, services: Services) -> None:
    """Raises InvalidInput where the stage has no candidate."""
    if candidate_of(stage, services) is None:
        raise InvalidInput(
            f"There is no candidate for {stage.value}.", f"Set {SETTINGS[stage]} to its model and restart."
        )
    await services.state.reruns.decide(stage, rollout)


async def beside(stage: Stage, services: Services, collection: str | None = None) -> dict[str, Any]:
    """The candidate's shadow against what the model in charge found on the same documents; where people corrected labels,
    how many of these each of the two has right."""
    rollout = await standing(stage, services)
    shadow = await services.state.reruns.kept(stage, SHADOW, collection)
    pairs = {id: (await facts_of(id, stage, services), facts) for id, facts in shadow.items()}
    tried = candidate_of(stage, services)
    truth = await _corrected(shadow, services) if stage is Stage.CLASSIFY else {}
    return {
        "stage": stage.value,
        "mode": rollout.mode.value,
        "weight": rollout.weight,
        "in_charge": version_in_charge(stage, services),
        "candidate": version_in_charge(stage, with_candidate(stage, services)) if tried else None,
        "comparison": asdict(compare(pairs)),
        "corrected": asdict(right_of(truth, pairs)),
    }


async def facts_of(document_id: str, stage: Stage, services: Services) -> list[str]:
    """What a stage found in a document, one line a fact, so that two results can be compared."""
    store = services.state.documents
    match stage:
        case Stage.ENTITIES:
            return _mentions(await store.entities(document_id))
        case Stage.CLASSIFY:
            return [_label(one.set, _said(one)) for one in await services.state.labels.of_document(document_id)]
        case Stage.INDEX:
            return [f"{chunk.page}:{chunk.start}-{chunk.end}" for chunk in await store.chunks(document_id)]
        case Stage.SUMMARY:
            summary = (await store.get(document_id)).summary
            return _sentences(summary) if summary else []
        case Stage.FIELDS:
            return _values(await store.fields(document_id))
        case Stage.READ:
            return [page.text for page in await store.pages(document_id)]
        case _:
            assert_never(stage)


def version_in_charge(stage: Stage, services: Services) -> str:
    if stage is Stage.ENTITIES:
        return services.entities.version
    return services.classifier.version if stage is Stage.CLASSIFY else services.writer(stage).model


def _section(stage: Stage, services: Services) -> Tried:
    settings = services.settings
    own: dict[Stage, Tried] = {
        Stage.ENTITIES: settings.entities,
        Stage.CLASSIFY: settings.classifying,
        Stage.SUMMARY: settings.analysis.summary,
        Stage.FIELDS: settings.fields,
    }
    return own[stage]


async def _corrected(shadow: Mapping[str, Sequence[str]], services: Services) -> dict[str, list[str]]:
    """Document id -> labels that people gave, as facts."""
    labels = services.state.labels
    return {id: [_label(one.set, one.label) for one in await labels.of_document(id) if one.corrected] for id in shadow}


def _said(one: DocumentLabel) -> str:
    """The model's label, also where a person put another one in its place."""
    return one.scores[0].label if one.corrected and one.scores else one.label


def _label(name: str, label: str) -> str:
    return f"{name}: {label}"


def _mentions(found: Sequence[Entity]) -> list[str]:
    return [f"{one.type} {one.page}:{one.start}-{one.end} {' '.join(one.text.split())}" for one in found]


def _sentences(summary: Summary) -> list[str]:
    """How it came to be, and its sentences."""
    return [f"method: {summary.method}", *(" ".join(one.text.split()) for one in segments(summary.text))]


def _values(found: Sequence[FieldValue]) -> list[str]:
    return [f"{one.field}: {one.value}" for one in found]
