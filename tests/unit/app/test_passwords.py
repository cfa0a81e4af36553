"""Encrypted files: with the upload, with a retry, wrong or missing; and that the password is nowhere afterwards."""

from __future__ import annotations

import httpx

from rag.model import Document
from rag.services import Services
from tests.unit.app.conftest import work

SECRET = "corr3ct-horse"
LOCKED = f"LOCKED:{SECRET}\nThe monthly rent is EUR 4,850.00, payable in advance."


async def send(http: httpx.AsyncClient, password: str | None = None) -> httpx.Response:
    files = {"files": ("lease.txt", LOCKED.encode())}
    return await http.post("/v1/documents", files=files, data={"password": password} if password else {})


async def only(services: Services) -> Document:
    [document] = (await services.state.documents.list()).documents
    return document


async def test_a_password_opens_the_file_and_the_original_stays(services: Services, http: httpx.AsyncClient) -> None:
    assert (await send(http, SECRET)).status_code == 202
    await work(services)
    document = await only(services)
    [page] = await services.state.documents.pages(document.id)
    assert page.text == "The monthly rent is EUR 4,850.00, payable in advance."
    original = await http.get(f"/v1/documents/{document.id}/original")
    assert original.text == LOCKED
    image = await http.get(f"/v1/documents/{document.id}/pages/1/image")
    assert b"unlocked/" in image.content


async def test_the_password_is_in_no_row_and_in_no_blob(services: Services, http: httpx.AsyncClient) -> None:
    await send(http, SECRET)
    await work(services)
    folder = services.settings.data_dir
    assert not [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    kept = await services.state.blobs.keys()
    assert [key for key in kept if SECRET in (await services.state.blobs.get(key)).decode().partition("\n")[2]] == []


async def test_a_wrong_password_is_refused_and_leaves_nothing(services: Services, http: httpx.AsyncClient) -> None:
    refused = await send(http, "wrong")
    assert (refused.status_code, refused.json()["code"]) == (422, "encrypted_file")
    assert "wrong" not in refused.text
    assert await services.state.blobs.keys() == []


async def test_without_a_password_the_document_fails_with_a_remedy(services: Services, http: httpx.AsyncClient) -> None:
    await send(http)
    await work(services)
    document = await only(services)
    assert document.error is not None
    assert document.error["code"] == "encrypted_file"
    assert "`password` with the upload, or with a retry" in document.error["remedy"]


async def test_a_retry_with_the_password_reads_it(services: Services, http: httpx.AsyncClient) -> None:
    await send(http)
    await work(services)
    document = await only(services)
    wrong = await http.post(f"/v1/documents/{document.id}/retry", json={"password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "encrypted_file")
    assert (await http.post(f"/v1/documents/{document.id}/retry", json={"password": SECRET})).status_code == 202
    await work(services)
    assert (await only(services)).status == "ready"


async def test_sending_it_again_with_the_password_reads_it(services: Services, http: httpx.AsyncClient) -> None:
    await send(http)
    await work(services)
    again = (await send(http, SECRET)).json()["documents"][0]
    assert (again["duplicate"], again["status"]) == (True, "queued")
    await work(services)
    assert (await only(services)).status == "ready"


async def test_deletion_takes_the_copy_too(services: Services, http: httpx.AsyncClient) -> None:
    await send(http, SECRET)
    await http.delete(f"/v1/documents/{(await only(services)).id}")
    assert await services.state.blobs.keys() == []


async def test_instant_analysis_takes_a_password_and_keeps_nothing(services: Services, http: httpx.AsyncClient) -> None:
    found = await http.post("/v1/analyze", files={"file": ("lease.txt", LOCKED.encode())}, data={"password": SECRET})
    assert found.json()["text"] == "The monthly rent is EUR 4,850.00, payable in advance."
    assert await services.state.blobs.keys() == []
