"""Whole documents: every page is read, every line cited."""

from dataclasses import replace

import pytest

from rag.answer import AskRequest, complete
from rag.errors import RedwellError
from rag.fakes import FakeGenerator
from rag.model import Entity, Filter, Status
from tests.unit.app.conftest import LEASE, add, index, work

CONTRACT = (
    "Contract of 14 March 2023 between Kestrel Quay Ltd (the Landlord) and Anna Keller (the Tenant). "
    "The broker was Peter Pan.\f"
    "1.1 The Tenant keeps the rooms of the second floor in good order. "
    "1.2 The Landlord shall repair the roof and the lift of the house. "
    "1.3 The Tenant must pay EUR 250.00 for each broken window. "
    "The weather in Port Alder is mild and often very pleasant."
)


@pytest.fixture
async def contract(services):
    document = await add(services, CONTRACT, "contract.txt")
    await work(services)
    pages = CONTRACT.split("\f")
    found = [
        Entity(text, kind, number, pages[number - 1].index(text), pages[number - 1].index(text) + len(text), norm)
        for text, kind, number, norm in (
            ("14 March 2023", "DATE", 1, "2023-03-14"),
            ("Kestrel Quay Ltd", "ORG", 1, "kestrel quay"),
            ("Anna Keller", "PERSON", 1, "anna keller"),
            ("Peter Pan", "PERSON", 1, "peter pan"),
            ("EUR 250.00", "MONEY", 2, "EUR 250.00"),
        )
    ]
    await services.state.documents.save_entities(document.id, found)
    return document


async def ask(services, question, *documents):
    ids = tuple(document.id for document in documents)
    return await complete(AskRequest(question, Filter(document_ids=ids)), services)


async def lines(services, question, *documents):
    """What the answer lists, without markers."""
    found = await ask(services, question, *documents)
    return [line[2:].rpartition(" [")[0] for line in found.answer.splitlines() if line.startswith("- ")]


async def test_parties_are_those_between_whom_it_is(services, contract):
    assert await lines(services, "List the parties", contract) == ["Kestrel Quay Ltd", "Anna Keller"]


async def test_names_dates_and_amounts_come_from_the_whole_document(services, contract):
    assert await lines(services, "list all people", contract) == ["Anna Keller", "Peter Pan"]
    assert await lines(services, "Which dates are mentioned?", contract) == ["14 March 2023"]
    assert await lines(services, "list the amounts", contract) == ["EUR 250.00"]


async def test_obligations_are_the_sentences_that_bind(services, contract):
    assert await lines(services, "What are the obligations?", contract) == [
        "1.2 The Landlord shall repair the roof and the lift of the house.",
        "1.3 The Tenant must pay EUR 250.00 for each broken window.",
    ]
    assert await lines(services, "What are the obligations of the tenant?", contract) == [
        "1.1 The Tenant keeps the rooms of the second floor in good order.",
        "1.3 The Tenant must pay EUR 250.00 for each broken window.",
    ]


async def test_the_answer_names_the_pages_and_cites_every_line(services, contract):
    found = await ask(services, "What are the obligations?", contract)
    assert (found.kind, [(item.filename, item.pages) for item in found.read]) == (
        "document",
        [("contract.txt", (1, 2))],
    )
    assert found.answer.endswith("Read as a whole: contract.txt, pages 1 to 2.")
    assert [citation.page for citation in found.citations] == [2, 2]
    for citation in found.citations:
        assert CONTRACT.split("\f")[citation.page - 1][citation.start : citation.end] == citation.quote
        assert f"[{citation.marker}]" in found.answer


async def test_a_summary_is_cited_sentence_by_sentence(services, contract):
    found = await ask(services, "Summarise this", contract)
    assert found.kind == "document"
    assert found.prompt_version == "summary/1"
    assert len(found.citations) == len(found.grounding.sentences) >= 1
    assert all(check.supported for check in found.grounding.sentences)


async def test_without_a_stored_summary_it_is_made_now(services, contract):
    away = replace(services, generator=FakeGenerator(fail=RedwellError("broken")))
    lease = await add(services, LEASE)
    await work(away)
    assert (await services.state.documents.get(lease.id)).summary is None
    found = await ask(services, "Summarise this", lease)
    assert found.kind == "document"
    assert found.citations


async def test_a_file_may_be_named_and_few_may_be_in_scope(services, contract):
    await add(services, LEASE)
    await work(services)
    named = await complete(AskRequest("Summarise contract.txt"), services)
    assert [item.filename for item in named.read] == ["contract.txt"]
    both = await complete(AskRequest("list all people"), services)
    assert [item.filename for item in both.read] == ["contract.txt", "lease.txt"]
    assert "- Anna Keller - contract.txt [1]" in both.answer.splitlines()


async def test_over_a_large_library_and_while_reading_it_is_answered_from_passages(services, contract):
    for number in range(3):
        await add(services, f"Letter number {number} to somebody.", f"letter-{number}.txt")
    assert (await complete(AskRequest("List the parties"), services)).kind == "passages"
    await services.state.documents.set_status(contract.id, Status.READING)
    assert (await ask(await index(services), "List the parties", contract)).kind == "passages"
