"""Documents in another form, over the real store and played models."""

from __future__ import annotations

from tests.unit.app.conftest import LEASE, work


async def scan(services, media_type="image/tiff"):
    document, _ = await services.state.documents.add(
        filename="Größe.tif", media_type=media_type, sha256="a" * 64, size=9
    )
    await services.state.blobs.put(document.blob, LEASE.encode())
    return document


async def test_a_scan_is_had_as_a_searchable_pdf(http, services):
    document = await scan(services)
    await work(services)
    response = await http.get(f"/v1/documents/{document.id}/searchable.pdf")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].endswith("Gr%C3%B6%C3%9Fe.searchable.pdf")
    assert response.content.startswith(b"%PDF")
    assert b"a deposit of EUR 9,700.00" in response.content


async def test_a_scan_that_is_not_read_yet_says_so(http, services):
    document = await scan(services)
    response = await http.get(f"/v1/documents/{document.id}/searchable.pdf")
    assert (response.status_code, response.json()["code"]) == (409, "not_ready")


async def test_a_text_has_no_pictures(http, services):
    document = await scan(services, "text/plain")
    await work(services)
    response = await http.get(f"/v1/documents/{document.id}/searchable.pdf")
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_type")


async def test_no_document_no_pdf(http):
    assert (await http.get("/v1/documents/nothing/searchable.pdf")).status_code == 404
