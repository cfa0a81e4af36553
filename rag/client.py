"""The HTTP client: typed, synchronous, on httpx alone. The web page, the command line and Python users share it.

    with RedwellClient("http://127.0.0.1:8000") as redwell:
        (upload,) = redwell.upload(["lease.pdf"])
        redwell.wait(upload.id)
        print(redwell.ask("What is the monthly rent?").answer)

Every method raises ApiError only.
"""

from __future__ import annotations

from rag.calls.audit import AuditCalls
from rag.calls.conversations import ConversationCalls
from rag.calls.corpus import CorpusCalls
from rag.calls.documents import DocumentCalls, File, Highlight
from rag.calls.evaluations import EvaluationCalls
from rag.calls.exports import ExportCalls
from rag.calls.feedback import FeedbackCalls
from rag.calls.fields import FieldCalls
from rag.calls.insights import InsightCalls
from rag.calls.jobs import JobCalls
from rag.calls.keys import KeyCalls
from rag.calls.labels import LabelCalls
from rag.calls.questions import QuestionCalls
from rag.calls.reruns import RerunCalls
from rag.calls.rollouts import RolloutCalls
from rag.calls.shelf import ShelfCalls
from rag.calls.system import SystemCalls
from rag.wire import ApiError

__all__ = ["ApiError", "File", "Highlight", "RedwellClient"]


class RedwellClient(
    AuditCalls,
    DocumentCalls,
    EvaluationCalls,
    ExportCalls,
    QuestionCalls,
    CorpusCalls,
    FieldCalls,
    LabelCalls,
    InsightCalls,
    FeedbackCalls,
    JobCalls,
    KeyCalls,
    RerunCalls,
    RolloutCalls,
    ShelfCalls,
    SystemCalls,
    ConversationCalls,
):
    """Thread-safe. Calls that may be repeated are retried on 429, 502, 503 and 504, for `retry_seconds` in all."""
