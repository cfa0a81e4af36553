"""Learning from corrections: corrected documents -> a trained head, measured -> stored, and in charge where it is better."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from rag.access.principal import acting_as, whole_tenant
from rag.analysis.classify import opening_of
from rag.analysis.labels import Example
from rag.analysis.trying import promoted
from rag.errors import InvalidInput, RedwellError
from rag.services import Services
from rag.store.labels import LabelModel

log = structlog.get_logger(__name__)


async def learn(name: str, services: Services, *, asked: bool = True) -> LabelModel:
    """Train on all corrections of a label set; the new version decides from now on when cross-validation says it is better.

    `asked`: by a person. Training that came by itself leaves in charge what a person rolled back to.
    Raises NotFound, and InvalidInput with too few corrections.
    """
    store = services.state.labels
    labels = await store.get(name)
    known = {*labels.names, "other"}
    with acting_as(whole_tenant()):  # a key that is bound to collections trains with what the tenant has corrected
        rows = [row for row in await store.corrected(name) if row.label in known]
    classifier = (await promoted(services)).classifier
    trained = await classifier.fit([Example(opening_of(row.texts), row.label) for row in rows], labels)
    takes_over = trained.better and (asked or not rolled_back(await store.models(name)))
    model = await store.add_model(name, trained, active=takes_over)
    log.info("trained", labels=name, version=model.version, accuracy=model.accuracy, baseline=model.baseline)
    return model


def rolled_back(models: Sequence[LabelModel]) -> bool:
    """True while a newer version that was better than the descriptions does not decide: a person took it out of charge."""
    active = max((model.version for model in models if model.active), default=0)
    return any(model.version > active and model.accuracy - model.spread > model.baseline for model in models)


async def learn_when_due(name: str, services: Services) -> None:
    """After every `classifying.train_every` corrections. What goes wrong is logged: the correction itself is safe."""
    every = services.settings.classifying.train_every
    count = sum((await services.state.labels.counts()).get(name, {}).values())
    if not every or not count or count % every:
        return
    try:
        await learn(name, services, asked=False)
    except InvalidInput:
        return  # too few corrections yet
    except RedwellError as error:
        log.warning("training_failed", labels=name, code=error.code, detail=error.detail)
