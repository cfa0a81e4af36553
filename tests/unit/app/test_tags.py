"""Tags: put, taken, counted, filtered by."""

import pytest

from rag.errors import DocumentNotFound, InvalidInput
from rag.model import Filter
from rag.store.tags import TagCount, checked
from tests.unit.app.conftest import add


async def test_tags_replace_what_was_there_and_are_in_the_record(http, services):
    document = await add(services)
    await http.patch(f"/v1/documents/{document.id}", json={"tags": ["Urgent", "tax  2025"]})
    reply = await http.patch(f"/v1/documents/{document.id}", json={"tags": ["tax 2025", "TAX 2025", "paid"]})
    assert reply.json()["tags"] == ["paid", "tax 2025"]
    assert (await http.get(f"/v1/documents/{document.id}")).json()["tags"] == ["paid", "tax 2025"]


async def test_lists_searches_and_counts_see_tagged_documents_only(http, services):
    first, second = await add(services), await add(services, name="other.txt")
    await http.post("/v1/tags", json={"document_ids": [first.id, second.id], "add": ["lease"]})
    await http.post("/v1/tags", json={"document_ids": [second.id], "add": ["paid"], "remove": ["LEASE"]})
    listed = (await http.get("/v1/documents", params={"tag": "Lease"})).json()
    assert [found["id"] for found in listed["documents"]] == [first.id]
    assert await services.state.documents.document_ids(Filter(tags=("paid", "none"))) == [second.id]
    assert (await http.get("/v1/tags")).json()["tags"] == [
        {"tag": "lease", "documents": 1},
        {"tag": "paid", "documents": 1},
    ]


async def test_a_filter_by_tag_asks_the_database():
    assert Filter(tags=("paid",)).needs_database


async def test_many_documents_are_tagged_or_none(services):
    document = await add(services)
    with pytest.raises(DocumentNotFound):
        await services.state.tags.change([document.id, "nowhere"], add=["paid"])
    assert await services.state.tags.counts() == []


async def test_a_deleted_document_leaves_no_tag(services):
    document = await add(services)
    await services.state.tags.replace(document.id, ["paid"])
    assert await services.state.tags.counts() == [TagCount("paid", 1)]
    await services.state.documents.delete(document.id)
    assert await services.state.tags.counts() == []


@pytest.mark.parametrize("tag", ["", "   ", "a,b", "x" * 61])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(InvalidInput, match="is no tag"):
        checked([tag])


async def test_a_document_has_fifty_tags_at_most(services):
    document = await add(services)
    await services.state.tags.replace(document.id, [f"tag {number}" for number in range(50)])
    with pytest.raises(InvalidInput, match="more than 50"):
        await services.state.tags.change([document.id], add=["one more"])
    assert len((await services.state.documents.get(document.id)).tags) == 50


async def test_a_new_name_and_collection_are_seen_at_once(http, services):
    document = await add(services)
    reply = await http.patch(
        f"/v1/documents/{document.id}", json={"filename": "../Lease 2025.txt", "collection": "law"}
    )
    assert (reply.json()["filename"], reply.json()["collection"]) == ("Lease 2025.txt", "law")
    assert (await http.get("/v1/documents", params={"collection": "law"})).json()["total"] == 1


async def test_a_tag_that_is_none_changes_nothing(http, services):
    document = await add(services)
    reply = await http.patch(f"/v1/documents/{document.id}", json={"filename": "new.txt", "tags": [""]})
    assert reply.status_code == 422
    assert (await services.state.documents.get(document.id)).filename == "lease.txt"
