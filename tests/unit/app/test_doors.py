"""Who is let in by which door: headers for browsers, other sites' pages, names that are not ours, no CORS."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from rag.api import create_app

LOCAL = "http://127.0.0.1:8000"


async def test_answers_tell_browsers_to_do_nothing_more(http):
    for path in ("/v1/stats", "/health/live", "/v1/documents/none", "/v1/nothing"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"


async def test_cors_is_closed(http):
    asked = {"Origin": "http://redwell", "Access-Control-Request-Method": "POST"}
    answers = [await http.get("/v1/stats", headers=asked), await http.options("/v1/ask", headers=asked)]
    assert [name for answer in answers for name in answer.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": LOCAL}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
async def test_a_service_without_keys_does_not_obey_other_sites_pages(services, headers, status):
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
        assert (await client.get("/v1/stats", headers=headers)).status_code == status


async def test_another_name_is_ours_when_the_settings_say_so(services):
    answers = []
    for names in ((), ("library.example",)):
        server = services.settings.server.model_copy(update={"names": names})
        own = replace(services, settings=services.settings.model_copy(update={"server": server}))
        transport = httpx.ASGITransport(create_app(own), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://library.example") as client:
            answers.append(await client.get("/v1/stats"))
    assert [answer.status_code for answer in answers] == [403, 200]
    assert "server.names" in answers[0].json()["remedy"]
