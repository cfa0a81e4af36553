"""Every operation of the API with generated requests (schemathesis), by one tenant with the ids of another."""

from __future__ import annotations

import json
import os
import re
import warnings
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.unit.app.test_tenants import MISSING, OWNED, SECRET, Tenancy, two

__all__ = ["two"]
CASES = int(os.environ.get("REDWELL_TEST_CASES", "4"))
"""Of each operation; always the same ones."""
ORDER = {"GET": 0, "POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}


def generated(app: Any) -> list[schemathesis.Case]:
    """Requests as the schema allows them; reads before writes, deletions last."""
    cases: list[schemathesis.Case] = []
    for result in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():

        @settings(
            max_examples=CASES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=result.ok().as_strategy())
        def collect(case: schemathesis.Case) -> None:
            cases.append(case)

        collect()
    return sorted(cases, key=lambda one: ORDER[one.method.upper()])


async def sent(two: Tenancy, case: schemathesis.Case, ids: dict[str, str]) -> httpx.Response:
    """As globex; wherever an id stands, in path, query or body, it is one of `ids`."""
    path = case.path
    for name, value in {**(case.path_parameters or {}), **ids}.items():
        path = path.replace(f"{{{name}}}", re.sub(r"[^\w-]", "x", str(value)) or "x")
    options: dict[str, Any] = {
        "params": {name: value for name, value in (case.query or {}).items() if value is not None}
    }
    if isinstance(case.body, dict) and case.media_type == "application/json":
        known = {"document_ids": [ids["document_id"]], "document_id": ids["document_id"], "collection": "contracts"}
        body = case.body | {name: value for name, value in known.items() if name in case.body}
        options["content"] = json.dumps(body)
        options["params"].pop("document_ids", None)
    elif case.media_type == "multipart/form-data":
        options["files"] = [("files", ("a.txt", b"a letter")), ("file", ("a.txt", b"a letter"))]
    elif case.method.upper() not in ("GET", "DELETE"):
        options["content"] = "{}"
    headers = {"Authorization": f"Bearer {two.keys['globex']}"}
    if "content" in options:
        headers["Content-Type"] = "application/json"
    return await two.http.request(case.method, path, headers=headers, **options)


async def test_generated_requests_of_every_operation_show_nothing_of_another_tenant_and_break_nothing(
    two: Tenancy,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of schemathesis
        cases = generated(two.app)
    operations = {(case.method.upper(), case.path) for case in cases}
    assert len(operations) == sum(len(methods) for methods in two.app.openapi()["paths"].values())
    foreign = {"document_id": two.theirs.id, "job_id": two.job, "conversation_id": two.conversation}
    missing = dict.fromkeys(foreign, MISSING)
    told, differs = [], []
    for case in cases:
        response = await sent(two, case, foreign)
        if SECRET in response.text or "acme" in response.text or response.status_code == 500:
            told.append((case.method, case.path, response.status_code, response.text[:300]))
        if re.search(OWNED, case.path):
            same = response.text
            for id in foreign.values():
                same = same.replace(id, MISSING)
            other = await sent(two, case, missing)
            if (response.status_code, same) != (other.status_code, other.text):
                differs.append((case.method, case.path, response.text[:200], other.text[:200]))
            elif response.status_code < 400:
                told.append((case.method, case.path, response.status_code, response.text[:300]))
    assert told == []
    assert differs == []
    # The other tenant's library is as it was.
    assert (await two.ask("acme", "GET", "/v1/stats")).json()["documents"] == 1
    assert SECRET in (await two.ask("acme", "GET", f"/v1/documents/{two.theirs.id}/text")).text
