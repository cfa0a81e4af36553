"""HTTP: every route over the real store and played models."""

import json

import pytest

from rag.fakes import text_page
from tests.unit.app.conftest import add, work


def files(*pairs):
    return [("files", (name, content, "application/octet-stream")) for name, content in pairs]


async def test_an_upload_is_durable_before_202(http, services):
    response = await http.post(
        "/v1/documents",
        files=files(("lease.txt", b"The rent is EUR 5.")),
        data={"collection": "matter-17", "metadata": json.dumps({"year": 2024})},
    )
    assert response.status_code == 202
    [line] = response.json()["documents"]
    assert (line["filename"], line["status"], line["duplicate"]) == ("lease.txt", "queued", False)
    document = await services.state.documents.get(line["id"])
    assert await services.state.blobs.get(document.blob) == b"The rent is EUR 5."
    assert document.metadata == {"year": 2024}
    assert document.collection == "matter-17"


async def test_the_same_bytes_are_the_same_document(http):
    body = files(("a.txt", b"The same words."), ("b.txt", b"The same words."))
    lines = (await http.post("/v1/documents", files=body)).json()["documents"]
    assert lines[0]["id"] == lines[1]["id"]
    assert [line["duplicate"] for line in lines] == [False, True]


async def test_a_refused_file_does_not_sink_its_neighbour(http):
    body = files(("empty.txt", b""), ("good.txt", b"Words to read."))
    response = await http.post("/v1/documents", files=body)
    assert response.status_code == 202
    refused, taken = response.json()["documents"]
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "empty_file")
    assert taken["status"] == "queued"


@pytest.mark.parametrize(
    ("content", "status", "code"), [(b"", 422, "empty_file"), (b"MZ\x90\x00" + bytes(400), 415, "unsupported_type")]
)
async def test_what_is_refused_says_why_and_what_to_do(http, content, status, code):
    response = await http.post("/v1/documents", files=files(("x.bin", content)))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert response.json()["remedy"]


async def test_too_large_is_413_before_it_is_parsed(http, services):
    response = await http.post("/v1/documents", files=files(("big.txt", b"x" * 400_000)))
    assert response.status_code == 413
    assert services.state.blobs.data == {}


async def test_too_large_without_a_length_is_413_too(http, services):
    async def body():
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(100):
            yield b"y" * 10_000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = await http.post("/v1/documents", content=body(), headers=headers)
    assert response.status_code == 413
    assert services.state.blobs.data == {}


@pytest.mark.parametrize(
    ("form", "word"),
    [({"metadata": "{no"}, "metadata"), ({"metadata": "[1]"}, "object"), ({"collection": "a/b"}, "collection")],
)
async def test_bad_form_fields_are_named(http, form, word):
    response = await http.post("/v1/documents", files=files(("a.txt", b"Words.")), data=form)
    assert response.status_code == 422
    assert word in response.json()["detail"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\evil.txt", "evil.txt"),
        ("a\u202egnp.txt", "agnp.txt"),
        ("x" * 4000 + ".txt", "x" * 196 + ".txt"),
    ],
)
async def test_names_are_made_safe(http, sent, kept):
    [line] = (await http.post("/v1/documents", files=files((sent, b"Some words.")))).json()["documents"]
    assert line["filename"] == kept


async def test_the_record_groups_entities_with_offsets(http, services):
    document = await add(services)
    await work(services)
    record = (await http.get(f"/v1/documents/{document.id}")).json()
    keller = next(entity for entity in record["entities"] if entity["text"] == "Anna Keller")
    assert keller["count"] == 2
    for mention in keller["mentions"]:
        page = (await http.get(f"/v1/documents/{document.id}/pages/{mention['page']}")).json()
        assert page["text"][mention["start"] : mention["end"]] == "Anna Keller"
        assert mention["boxes"]
    assert record["classification"]["label"] == "contract"
    assert record["stages"]["read"]["status"] == "done"


async def test_list_filters_and_pages_with_a_cursor(http, services):
    for number in range(5):
        await add(services, f"Document number {number}.", f"file-{number}.txt")
    first = (await http.get("/v1/documents", params={"limit": 3})).json()
    rest = (await http.get("/v1/documents", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    names = [row["filename"] for row in first["documents"] + rest["documents"]]
    assert names == [f"file-{number}.txt" for number in (4, 3, 2, 1, 0)]
    assert first["total"] == 5
    assert rest["next_cursor"] is None
    assert (await http.get("/v1/documents", params={"q": "file-3"})).json()["total"] == 1


async def test_text_original_and_deletion(http, services):
    document = await add(services)
    await work(services)
    assert "deposit of EUR 9,700.00" in (await http.get(f"/v1/documents/{document.id}/text")).text
    original = await http.get(f"/v1/documents/{document.id}/original")
    assert original.content.startswith(b"This lease")
    assert "lease.txt" in original.headers["content-disposition"]
    assert (await http.delete(f"/v1/documents/{document.id}")).status_code == 204
    assert services.state.blobs.data == {}
    assert (await http.get(f"/v1/documents/{document.id}")).status_code == 404


async def test_markdown_keeps_what_the_reader_kept(http, services):
    document = await add(services, "# Lease\n\n| rent | EUR 5 |\fSecond page.", "lease.md")
    await work(services)
    response = await http.get(f"/v1/documents/{document.id}/markdown")
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.text == "# Lease\n\n| rent | EUR 5 |\n\nSecond page.\n"


async def test_the_picture_gets_the_spans_and_bad_ones_are_refused(http, services):
    document = await add(services)
    await work(services)
    image = f"/v1/documents/{document.id}/pages/1/image"
    assert b"[(0, 4), (5, 10)]" in (await http.get(image, params={"highlight": ["0-4", "5-10"]})).content
    for span in ("4-0", "a-b", "0-99999", "7"):
        response = await http.get(image, params={"highlight": span})
        assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert (await http.get(f"/v1/documents/{document.id}/pages/9/image")).json()["code"] == "page_not_found"


async def test_events_end_with_the_final_record(http, services):
    document = await add(services)
    await work(services)
    body = (await http.get(f"/v1/documents/{document.id}/events")).text
    assert body.startswith("event: document\n")
    assert json.loads(body.split("data: ")[-1])["status"] == "ready"


async def test_retry_of_what_did_not_fail_is_a_conflict(http, services):
    document = await add(services)
    await work(services)
    response = await http.post(f"/v1/documents/{document.id}/retry")
    assert response.status_code == 409


async def test_analyze_answers_and_keeps_nothing(http, services):
    response = await http.post("/v1/analyze", files=[("file", ("a.txt", b"A contract of Anna Keller and her bank."))])
    found = response.json()
    assert response.status_code == 200, found
    assert found["classification"]["label"] == "contract"
    assert found["entities"][0]["text"] == "Anna Keller"
    assert found["summary"]["text"]
    assert services.state.blobs.data == {}
    assert (await http.get("/v1/stats")).json()["documents"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/ask", "{", 422),
        ("POST", "/v1/ask", '{"question": "  "}', 422),
        ("POST", "/v1/search", '{"query": "x", "tpo_k": 3}', 422),
        ("GET", "/v1/documents/nope", None, 404),
        ("DELETE", "/v1/documents/nope", None, 404),
        ("GET", "/v1/documents/nope/events", None, 404),
        ("GET", "/nowhere", None, 404),
        ("PATCH", "/v1/ask", None, 405),
    ],
)
async def test_every_error_is_a_problem(http, method, path, body, status):
    response = await http.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "remedy"} <= set(response.json())


async def test_long_questions_are_refused_with_the_limit_named(http):
    response = await http.post("/v1/ask", json={"question": "why " * 5000})
    assert response.status_code == 422
    assert "limits.question_chars" in response.json()["remedy"]


async def test_health(http):
    assert (await http.get("/health/live")).json() == {"status": "live"}
    assert (await http.get("/health/ready")).json()["status"] == "ready"


def test_fake_pages_slice():
    page = text_page(1, "one two\nthree")
    assert [page.text[word.start : word.end] for word in page.words] == ["one", "two", "three"]
