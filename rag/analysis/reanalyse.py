"""One stage again over the documents that are out of date. Candidates of a stage are in rag/analysis/trying.py."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rag.analysis.candidate import Mode, compare
from rag.analysis.trying import (
    analyze_with_candidate,
    candidate_of,
    facts_of,
    in_charge,
    standing,
    with_candidate,
)
from rag.analyze import versions
from rag.errors import InvalidInput, RedwellError
from rag.fields.stage import schema_of, version_of, versions_in
from rag.model import Document, Stage
from rag.services import Services
from rag.store.reruns import BEFORE

STAGES = (Stage.ENTITIES, Stage.CLASSIFY, Stage.INDEX, Stage.SUMMARY, Stage.FIELDS)


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
    store = services.state.reruns
    return sum(
        [await store.enqueue(stage, current, scope) for scope, current in await _current(stage, services, collection)]
    )


async def progress(stage: Stage, services: Services, collection: str | None = None) -> Progress:
    scopes = await _current(stage, services, collection)
    store = services.state.reruns
    before = await store.kept(stage, BEFORE, collection)
    pairs = {id: (facts, await facts_of(id, stage, services)) for id, facts in before.items()}
    return Progress(
        stage.value,
        scopes[0][1][-1] if scopes else "",
        sum([await store.outdated(stage, current, scope) for scope, current in scopes]),
        await store.waiting(stage),
        asdict(compare(pairs)),
    )


async def rerun(document: Document, stage: Stage, services: Services) -> dict[Stage, RedwellError]:
    """The stage alone, on the pages as they were read; what it had found before is kept for the comparison."""
    record = document.stages.get(stage.value)
    chosen = await in_charge(document.id, services)
    if stage is Stage.FIELDS:
        wanted = version_of(await schema_of(document.id, services), chosen)
    else:
        wanted = (await versions(chosen))[stage]
    if record is None or record.version != wanted:
        before = await facts_of(document.id, stage, services)
        await services.state.reruns.keep(document.id, stage, BEFORE, record.version if record else "", before)
    return await analyze_with_candidate(document, services, only=(stage,), again=True)


async def _current(stage: Stage, services: Services, collection: str | None) -> list[tuple[str | None, list[str]]]:
    """Where which versions are up to date: the one in charge, and a candidate's where it decides for documents.

    A document's fields follow from its collection, so that each is a scope of its own.
    """
    if stage is not Stage.FIELDS:
        return [(collection, [(await versions(one))[stage] for one in await _deciding(stage, services)])]
    names = [collection] if collection else [one.name for one in await services.state.documents.collections()]
    return [
        (name, [known for one in await _deciding(stage, services) for known in await versions_in(name, one)])
        for name in names
    ]


async def _deciding(stage: Stage, services: Services) -> list[Services]:
    if candidate_of(stage, services) is None:
        return [services]
    tried = with_candidate(stage, services)
    return {Mode.PROMOTED: [tried], Mode.SHARE: [services, tried]}.get(
        (await standing(stage, services)).mode, [services]
    )
