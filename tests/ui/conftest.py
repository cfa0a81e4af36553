"""The API over played models, once a session, and clean hands for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.client import RedwellClient
from tests.ui.played import played, serving

LEASE = (
    "Lease contract between Margaret Oduya and Helena Varga.\n"
    "The monthly rent is EUR 4,850 and it is due on the third working day."
    "\fThe deposit is three months of rent, kept by Margaret Oduya in a separate account."
)
INVOICE = "Invoice number 1187 to Helena Varga.\nThe amount due is EUR 930 for twelve desks."


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(played(tmp_path_factory.mktemp("played"))) as url:
        yield url


@pytest.fixture
def client(api_url: str) -> Iterator[RedwellClient]:
    """A client of an empty library."""
    with RedwellClient(api_url) as client:
        for document in list(client.documents()):
            client.delete(document.id)
        yield client


@pytest.fixture
def lease(client: RedwellClient) -> str:
    """Id of a lease that is ready; an invoice stands beside it."""
    first, second = client.upload([("lease.txt", LEASE.encode()), ("invoice.txt", INVOICE.encode())])
    assert first.id is not None
    assert second.id is not None
    client.wait(second.id, timeout=20, poll=0.05)
    return client.wait(first.id, timeout=20, poll=0.05).id
