"""Passages are switched off and on; versions of a document are found."""

from tests.unit.app.conftest import add, work


async def held(services):
    """Texts that an index would hold."""
    ids = [document.id for document in (await services.state.documents.list()).documents]
    return [row.text for row in await services.state.feed.rows(ids, "fake/1")]


async def test_a_passage_that_is_off_is_not_handed_to_the_indexes(http, services):
    document = await add(services)
    await work(services)
    before, head = await held(services), await services.state.feed.head()
    chunk = (await http.get(f"/v1/documents/{document.id}/chunks")).json()["chunks"][0]
    assert (chunk["off"], chunk["text"] in before) == (False, True)

    path = f"/v1/documents/{document.id}/chunks/{chunk['id']}"
    assert (await http.patch(path, json={"off": True})).status_code == 204
    assert await held(services) == [text for text in before if text != chunk["text"]]
    assert await services.state.feed.head() == head + 1
    assert (await http.get(f"/v1/documents/{document.id}/chunks")).json()["chunks"][0]["off"] is True

    await http.patch(path, json={"off": False})
    assert await held(services) == before


async def test_an_index_that_lags_behind_gives_no_passage_that_is_off(http, services):
    from rag.model import Hit

    document = await add(services)
    await work(services)
    [first, *_] = await services.state.documents.chunks(document.id)
    assert len(await services.state.documents.passages([Hit(first.id, 1.0)])) == 1
    await services.state.switches.switch(document.id, first.id, off=True)
    assert await services.state.documents.passages([Hit(first.id, 1.0)]) == []


async def test_a_document_that_is_cut_alike_again_keeps_its_switches(services):
    document = await add(services)
    await work(services)
    store, switches = services.state.documents, services.state.switches
    chunks = await store.chunks(document.id)
    await switches.switch(document.id, chunks[0].id, off=True)
    await store.save_chunks(document.id, chunks, await services.embedder.embed([c.text for c in chunks]), model="m")
    assert [one.off for one in await switches.list(document.id)] == [True] + [False] * (len(chunks) - 1)


async def test_a_passage_of_another_document_is_not_found(http, services):
    first, second = await add(services), await add(services, name="other.txt")
    await work(services)
    [chunk, *_] = await services.state.documents.chunks(second.id)
    reply = await http.patch(f"/v1/documents/{first.id}/chunks/{chunk.id}", json={"off": True})
    assert (reply.status_code, "cut anew" in reply.text) == (404, True)


async def test_documents_of_one_name_are_versions(http, services):
    store = services.state.documents
    ids = []
    for number in range(3):
        document, _ = await store.add(
            filename="Lease.pdf", media_type="application/pdf", sha256=f"{number}" * 64, size=10 + number
        )
        ids.append(document.id)
    await add(services)
    found = (await http.get(f"/v1/documents/{ids[1]}/versions")).json()["versions"]
    assert [(one["id"], one["version"], one["size"]) for one in found] == [
        (ids[2], 3, 12),
        (ids[1], 2, 11),
        (ids[0], 1, 10),
    ]
