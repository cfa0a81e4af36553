"""Uploads that are made to hurt: names, bodies without an end, and what they leave behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.intake.names import NAME_BYTES, safe_filename


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process puts temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def form(name: bytes, content: bytes = b"Words to read.") -> dict:
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name + b'"\r\n\r\n'
    body = head + content + b"\r\n--b--\r\n"
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


@pytest.mark.parametrize(
    "name",
    [
        b"../../../etc/passwd.txt",
        b"..\\\\..\\\\windows\\\\system.ini.txt",
        b"/etc/cron.d/job.txt",
        b"a\x00b.txt",
        b"%2e%2e%2fa.txt",
        "\u202egnp.txt".encode(),
        "\u2066a\u2069.txt".encode(),
        b"n" * 4096 + b".txt",
        "ü".encode() * 3000 + b".txt",
        b".",
        b"..",
        b" ",
        b"CON.txt",
        b"\xff\xfe.txt",
        b"a;b|c$(touch x)`y`.txt",
        b"<script>alert(1)</script>.txt",
    ],
)
async def test_no_name_leads_anywhere(http, services, temporary, name):
    response = await http.post("/v1/documents", **form(name))
    assert response.status_code in (202, 422), response.text
    for line in response.json().get("documents", []):
        stored = line["filename"]
        assert stored not in ("", ".", "..")
        assert len(stored.encode()) <= NAME_BYTES
        assert not set(stored) & set("/\\\0\u202e\u2066\u2069")
    assert all(key.startswith("originals/") for key in services.state.blobs.data)
    assert list(temporary.iterdir()) == []


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400))
def test_every_name_becomes_a_harmless_one(name):
    safe = safe_filename(name)
    assert safe
    assert not set(safe) & set("/\\\0\n\r\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert len(safe.encode()) <= NAME_BYTES
    assert safe.strip(". ") == safe
    assert safe_filename(safe) == safe


async def test_a_body_without_length_or_end_is_cut_off_and_leaves_nothing(http, services, temporary):
    sent = 0

    async def body():
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        while sent < 4 * 2**30:
            sent += 65_536
            yield b"y" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = await http.post("/v1/documents", content=body(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert sent < services.settings.limits.upload_bytes + 2**20  # of the 4 GB, no more than the limit was taken
    assert (services.state.blobs.data, list(temporary.iterdir())) == ({}, [])


async def test_a_connection_that_breaks_leaves_nothing(http, services, temporary):
    async def body():
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        yield b"y" * 100_000
        raise ConnectionResetError

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = await http.post("/v1/documents", content=body(), headers=headers)
    assert response.status_code == 500
    assert (services.state.blobs.data, list(temporary.iterdir())) == ({}, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b--\r\n",
        b"--c\r\n\r\n",
        b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--b--',
    ],
)
async def test_a_form_that_is_none_is_a_typed_refusal(http, services, temporary, body):
    response = await http.post(
        "/v1/documents", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert (services.state.blobs.data, list(temporary.iterdir())) == ({}, [])


async def test_a_thousand_parts_are_refused(http, services):
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nx\r\n' for _ in range(1000)
    )
    response = await http.post(
        "/v1/documents", content=parts + b"--b--", headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert response.status_code in (413, 422)
    assert services.state.blobs.data == {}
