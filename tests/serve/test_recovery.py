"""Killed in the middle of ten uploads and started again: every acknowledged document ends indexed, once. What then ended because
nobody uploads starts again for the next scan.

Its stack runs beside the shared one, so its summaries come from an endpoint: a second vLLM would only take the cores.
"""

import json
import os
import signal
import time

import psutil

from rag.bench import asleep
from rag.client import RedwellClient
from rag.settings import load
from tests.conftest import SAMPLES, start_stack, stop_stack
from tests.endpoints import KEY


def kill_everything(pid: int) -> None:
    """SIGKILL for the process and all that it started, Ray's daemons too."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in family:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs(family, timeout=30)


def test_acknowledged_documents_survive_kill_9(tmp_path, elsewhere):
    own = load("cpu")
    soon = {f"REDWELL_{section}": json.dumps(values) for section, values in asleep.soon(own).items()}
    model = {"REDWELL_LLM__BASE_URL": elsewhere.url, "REDWELL_LLM__API_KEY": KEY, **soon}
    texts = sorted(SAMPLES.glob("*.pdf"), key=lambda path: path.stat().st_size)[:8]
    files = [SAMPLES / "delivery-note-5521-rotated.pdf", SAMPLES / "letter-insurance-settlement.pdf", *texts]
    process, url = start_stack(tmp_path / "var", log=tmp_path / "first.log", **model)
    with RedwellClient(url, timeout=60) as client:
        receipts = client.upload(files, collection="recovery")
        time.sleep(2.5)
        done_before = [r.id for r in receipts if client.document(r.id).status in ("ready", "partial")]
    kill_everything(process.pid)
    assert len(receipts) == 10
    assert len(done_before) < 10

    process, url = start_stack(tmp_path / "var", log=tmp_path / "second.log", **model)
    try:
        with RedwellClient(url, timeout=120) as client:
            for receipt in receipts:
                assert client.wait(receipt.id, timeout=300).status == "ready"
            listed = [document.id for document in client.documents(collection="recovery")]
            assert sorted(listed) == sorted(receipt.id for receipt in receipts)
            hits = client.search("the", collection="recovery", top_k=100, mode="dense").results
            assert {row.document_id for row in hits} == set(listed)
            spans = [(row.document_id, row.page, row.start) for row in hits]
            assert len(spans) == len(set(spans))

            asleep.wait(own, process.pid)
            [receipt] = client.upload([SAMPLES / "invoice-solvane-10517.png"], collection="woken")
            scan = client.wait(receipt.id, timeout=300)
            assert (scan.status, scan.classification.label) == ("ready", "invoice")
            assert "Brightwater" in " ".join(entity.text for entity in scan.entities)
    finally:
        stop_stack(process)
