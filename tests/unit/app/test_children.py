"""What came in an archive or a mail: queued, followed, limited and deleted with it."""

from __future__ import annotations

from dataclasses import replace

import httpx

from rag.model import Status
from rag.services import Services
from rag.settings import Limits
from tests.unit.app.conftest import add, work

MAIL = (
    "The lease is attached to this mail.\f"
    "FILE:lease.txt\nThe monthly rent is EUR 4,850.00, payable in advance.\f"
    "FILE:tool.exe\nREFUSED\f"
    "FILE:inner.zip\nThis archive holds one more.\vFILE:deep.txt\nThe deposit is EUR 9,700.00."
)


async def test_children_are_analysed_and_linked(services: Services, http: httpx.AsyncClient) -> None:
    mail = await add(services, MAIL, "mail.eml")
    await work(services)
    record = (await http.get(f"/v1/documents/{mail.id}")).json()
    assert [(one["filename"], one["status"]) for one in record["children"]] == [
        ("mail.eml/lease.txt", "ready"),
        ("mail.eml/inner.zip", "ready"),
        ("tool.exe", "rejected"),
    ]
    assert record["children"][2]["error"]["code"] == "unsupported_type"
    assert record["warnings"] == ["1 of 3 files in it are not read: tool.exe (unsupported_type)."]
    child = (await http.get(f"/v1/documents/{record['children'][0]['id']}")).json()
    assert child["parent_id"] == mail.id


async def test_what_is_inside_a_child_is_read_too(services: Services) -> None:
    mail = await add(services, MAIL, "mail.eml")
    await work(services)
    [deep] = (await services.state.documents.list(q="deep.txt")).documents
    assert deep.filename == "mail.eml/inner.zip/deep.txt"
    assert [page.text for page in await services.state.documents.pages(deep.id)] == ["The deposit is EUR 9,700.00."]
    assert (await services.state.documents.ancestors(deep.id))[-1] == mail.id


async def test_the_list_is_filtered_by_parent(services: Services, http: httpx.AsyncClient) -> None:
    mail = await add(services, MAIL, "mail.eml")
    await work(services)
    inside = (await http.get("/v1/documents", params={"parent_id": mail.id, "sort": "filename"})).json()
    assert [one["filename"] for one in inside["documents"]] == ["mail.eml/inner.zip", "mail.eml/lease.txt"]
    alone = (await http.get("/v1/documents", params={"parent_id": "none"})).json()
    assert [one["id"] for one in alone["documents"]] == [mail.id]


async def test_reading_again_makes_no_second_children(services: Services) -> None:
    mail = await add(services, MAIL, "mail.eml")
    await work(services)
    before = {one.id for one in (await services.state.documents.list()).documents}
    await services.state.documents.retry(mail.id, force=True)
    await work(services)
    assert {one.id for one in (await services.state.documents.list()).documents} == before
    assert len(before) == 4


async def test_deleting_the_parent_deletes_all_that_came_in_it(services: Services, http: httpx.AsyncClient) -> None:
    mail = await add(services, MAIL, "mail.eml")
    await work(services)
    assert (await http.delete(f"/v1/documents/{mail.id}")).status_code == 204
    assert (await services.state.documents.list()).total == 0
    assert await services.state.blobs.keys() == []
    changes = await services.state.feed.since(0)
    assert [change.op for change in changes].count("delete") == 4


async def test_a_file_that_was_also_sent_by_itself_stays(services: Services, http: httpx.AsyncClient) -> None:
    mail = await add(services, MAIL, "mail.eml")
    await work(services)
    [child] = (await services.state.documents.list(q="lease.txt")).documents
    alone, duplicate = await services.state.documents.add(
        filename="lease.txt", media_type="text/plain", sha256=child.sha256, size=child.size
    )
    assert not duplicate
    await http.delete(f"/v1/documents/{mail.id}")
    assert await services.state.blobs.exists(alone.blob)


async def test_archives_nested_too_deeply_fail_by_name_of_the_limit(services: Services) -> None:
    shallow = replace(services, settings=services.settings.model_copy(update={"limits": Limits(archive_depth=1)}))
    await add(shallow, MAIL, "mail.eml")
    await work(shallow)
    [inner] = (await shallow.state.documents.list(q="inner.zip")).documents
    assert inner.status is Status.FAILED
    assert inner.error is not None
    assert "`limits.archive_depth`" in inner.error["remedy"]


async def test_archives_in_archives_share_one_limit_of_files(services: Services) -> None:
    tight = replace(services, settings=services.settings.model_copy(update={"limits": Limits(archive_members=3)}))
    await add(tight, MAIL.replace("FILE:tool.exe\nREFUSED\f", "FILE:b.txt\nThe second file.\f"), "mail.eml")
    await work(tight)
    [inner] = (await tight.state.documents.list(q="inner.zip")).documents
    assert inner.error is not None
    assert "`limits.archive_members`" in inner.error["remedy"]
