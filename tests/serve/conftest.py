"""The serve tier: the sample documents in the real stack."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rag.client import RedwellClient
from tests.conftest import SAMPLES, Stack


@pytest.fixture(scope="session")
def client(stack: Stack) -> Iterator[RedwellClient]:
    with RedwellClient(stack.url, timeout=180) as redwell:
        yield redwell


@pytest.fixture(scope="session")
def library(client: RedwellClient) -> dict[str, str]:
    """File name -> document id of every sample, uploaded and analysed."""
    files = [SAMPLES / row["file"] for row in json.loads((SAMPLES / "manifest.json").read_text())]
    ids: dict[str, str] = {}
    for start in range(0, len(files), 10):
        for receipt in client.upload(files[start : start + 10], collection="samples"):
            ids[receipt.filename] = receipt.id
    for document_id in ids.values():
        client.wait(document_id, timeout=600)
    return ids
