"""What the application is made of: one value that every entry point builds once and hands down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.analysis.labels import TYPE
from rag.model import Stage
from rag.ports import Blobs, Classifier, Embedder, EntityRecognizer, Generator, Ocr, Reader, Reranker, Retriever
from rag.rollouts.models import AnsweringModels
from rag.runtime.metrics import Metrics, NoMetrics
from rag.runtime.system import Deployments
from rag.settings import Settings
from rag.store.audit import AuditStore
from rag.store.callbacks import CallbackStore
from rag.store.conversations import ConversationStore
from rag.store.database import Database
from rag.store.documents import DocumentStore
from rag.store.embeddings import Embeddings
from rag.store.evaluations import EvaluationStore
from rag.store.feed import ChangeFeed
from rag.store.feedback import FeedbackStore
from rag.store.ingestions import IngestionStore
from rag.store.items import ItemStore
from rag.store.jobs import JobQueue
from rag.store.keys import KeyStore
from rag.store.labels import LabelStore
from rag.store.reruns import RerunStore
from rag.store.rollouts import RolloutStore
from rag.store.switches import PassageSwitches
from rag.store.tags import TagStore
from rag.store.views import IndexViews
from rag.store.work import WorkStore


@dataclass(frozen=True, slots=True)
class State:
    """Where state lives: the database's views and the blobs."""

    database: Database
    documents: DocumentStore
    jobs: JobQueue
    feed: ChangeFeed
    embeddings: Embeddings
    views: IndexViews
    blobs: Blobs
    ingestions: IngestionStore
    items: ItemStore
    callbacks: CallbackStore
    labels: LabelStore
    feedback: FeedbackStore
    reruns: RerunStore
    tags: TagStore
    switches: PassageSwitches
    conversations: ConversationStore
    work: WorkStore
    rollouts: RolloutStore
    keys: KeyStore
    audit: AuditStore
    evaluations: EvaluationStore


@dataclass(frozen=True, slots=True)
class Candidates:
    """Models that are tried beside those in charge of a stage (rag/analysis/candidate.py)."""

    entities: EntityRecognizer | None = None
    classify: Classifier | None = None
    summary: Generator | None = None
    fields: Generator | None = None


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    state: State
    reader: Reader
    ocr: Ocr
    entities: EntityRecognizer
    classifier: Classifier
    embedder: Embedder
    retriever: Retriever
    generator: Generator
    reranker: Reranker | None = None
    metrics: Metrics = field(default_factory=NoMetrics)
    candidates: Candidates = Candidates()
    writers: Mapping[Stage, Generator] = field(default_factory=dict)
    """Language models that are in charge of one stage in the place of `generator`."""
    deployments: Deployments | None = None
    """How the parts are, where something runs them."""
    models: AnsweringModels = field(default_factory=AnsweringModels)
    """Language models beside `generator`, by name."""

    def writer(self, stage: Stage) -> Generator:
        return self.writers.get(stage, self.generator)


def open_state(settings: Settings, blobs: Blobs | None = None) -> State:
    """The state that the settings name; nothing is connected before its first use."""
    from rag.store.blobs import FsspecBlobs

    database = Database(settings.database_url)
    return State(
        database,
        DocumentStore(database),
        JobQueue(database),
        ChangeFeed(database),
        Embeddings(database),
        IndexViews(database),
        blobs or FsspecBlobs(settings.blobs_url),
        IngestionStore(database),
        ItemStore(database),
        CallbackStore(database),
        LabelStore(database, {TYPE: settings.classifying.labels, **settings.classifying.sets}),
        FeedbackStore(database),
        RerunStore(database),
        TagStore(database),
        PassageSwitches(database),
        ConversationStore(database),
        WorkStore(database),
        RolloutStore(database),
        KeyStore(database),
        AuditStore(database),
        EvaluationStore(database),
    )
