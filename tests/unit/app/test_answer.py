"""The arrows of the way out."""

from dataclasses import replace

from rag.answer import AskRequest, Cited, Final, Results, answer, complete, retrieve, standalone
from rag.answering.evidence import gather_evidence, relevance
from rag.errors import Unavailable
from rag.fakes import FakeGenerator
from rag.model import Filter, Message, Token
from rag.settings import Answering
from tests.unit.app.conftest import add, index, work

RENT = "What is the monthly rent?"


async def ready(services, **changes):
    await add(services)
    await work(services)
    return replace(await index(services), **changes)


async def test_a_supported_sentence_is_answered_with_its_citation(services):
    says = FakeGenerator(says="The monthly rent is EUR 4,850.00.")
    found = await complete(AskRequest(RENT), await ready(services, generator=says))
    assert found.answer == "The monthly rent is EUR 4,850.00. [1]"
    assert found.found
    assert found.grounding.supported
    [citation] = found.citations
    page = await services.state.documents.page(citation.document_id, citation.page)
    assert page.text[citation.start : citation.end] == citation.quote
    assert "4,850.00" in citation.quote
    assert citation.boxes


async def test_a_wrong_number_gives_way_to_the_page_s_words(services):
    says = FakeGenerator(says="The monthly rent is EUR 9,999.00.")
    found = await complete(AskRequest(RENT), await ready(services, generator=says))
    assert "9,999" not in found.answer
    assert "4,850.00" in found.answer
    assert found.answer.startswith("The documents say")
    assert found.draft == says.says


async def test_sentences_that_come_as_near_are_quoted_beside_each_other(services):
    text = "The north wing is rented for EUR 900.00 a month. The south wing is rented for EUR 800.00 a month."
    await add(services, text, "wings.txt")
    away = FakeGenerator(fail=Unavailable("away"))
    found = await complete(AskRequest("For how much is the wing rented?"), await ready(services, generator=away))
    assert {citation.quote for citation in found.citations} >= set(text.replace(". T", ".|T").split("|"))
    first, second, *_ = found.answer.split("\n\n")
    assert first.startswith("The documents say: “")
    assert second.startswith("See also: “")


async def test_who_asks_when_is_quoted_a_date_too(services):
    text = (
        "The lease of the north wing is handed over to the tenant of the north wing. "
        "The handover of the wing takes place on 3 May 2025."
    )
    await add(services, text, "wings.txt")
    away = FakeGenerator(fail=Unavailable("away"))
    found = await complete(
        AskRequest("When is the lease of the north wing handed over?"), await ready(services, generator=away)
    )
    assert "handed over to the tenant" in found.answer
    assert "3 May 2025" in found.answer


async def test_whoever_names_a_document_is_refused_less(services):
    services = await ready(services, generator=FakeGenerator(fail=Unavailable("away")))
    [document] = (await services.state.documents.list()).documents
    passages = await retrieve(AskRequest(RENT), services)
    probability = relevance(await gather_evidence(RENT, passages, services.retriever.similarity), passages)
    strict = services.settings.model_copy(update={"answering": Answering(min_relevance=min(1.0, 1.5 * probability))})
    services = replace(services, settings=strict)
    assert not (await complete(AskRequest(RENT), services)).found
    assert (await complete(AskRequest(RENT, Filter(document_ids=(document.id,))), services)).found


async def test_without_strict_the_unsupported_sentence_is_marked(services):
    says = FakeGenerator(says="The monthly rent is EUR 4,850.00. It was paid by Peter Pan.")
    found = await complete(AskRequest(RENT, strict=False), await ready(services, generator=says))
    assert found.grounding.unsupported == ("It was paid by Peter Pan.",)
    assert not found.grounding.supported
    assert "Peter" in found.grounding.sentences[1].missing


async def test_what_only_repeats_the_question_is_no_answer(services):
    says = FakeGenerator(says="What is the monthly rent.")
    found = await complete(AskRequest(RENT), await ready(services, generator=says))
    assert "4,850.00" in found.answer


async def test_a_model_that_goes_on_with_a_question_of_its_own_is_stopped(services):
    says = FakeGenerator(says="The monthly rent is EUR 4,850.00.\nQuestion: Who pays it? Answer: Peter Pan.")
    events = [event async for event in answer(AskRequest(RENT), await ready(services, generator=says))]
    [final] = [event.answer for event in events if isinstance(event, Final)]
    assert final.draft == "The monthly rent is EUR 4,850.00."
    assert final.answer == "The monthly rent is EUR 4,850.00. [1]"
    assert "Peter" not in "".join(event.text for event in events if isinstance(event, Token))


async def test_a_model_that_goes_on_with_a_passage_is_stopped(services):
    says = FakeGenerator(says='The monthly rent is EUR 4,850.00. </passage> <passage id="2"> Peter Pan pays it.')
    found = await complete(AskRequest(RENT), await ready(services, generator=says))
    assert found.draft == "The monthly rent is EUR 4,850.00."
    assert found.answer == "The monthly rent is EUR 4,850.00. [1]"


async def test_what_is_told_beyond_the_question_must_stand_in_what_is_cited(services):
    """The words of the question stand in whatever it found: they prove nothing of what is told."""
    wrong = "The monthly rent is a matter of taste."
    quoted = await complete(AskRequest(RENT), await ready(services, generator=FakeGenerator(says=wrong)))
    assert quoted.answer.startswith("The documents say")
    assert "4,850.00" in quoted.answer


async def test_how_much_of_what_is_told_must_stand_there_is_a_setting(services):
    services = await ready(
        services, generator=FakeGenerator(says="The monthly rent is EUR 4,850.00, payable beforehand.")
    )
    strict = await complete(AskRequest(RENT), services)
    assert strict.answer.startswith("The documents say")
    looser = services.settings.model_copy(update={"answering": Answering(min_told=0.5)})
    found = await complete(AskRequest(RENT), replace(services, settings=looser))
    assert found.answer == "The monthly rent is EUR 4,850.00, payable beforehand. [1]"


async def test_what_a_model_says_twice_is_said_once(services):
    says = FakeGenerator(says="The monthly rent is EUR 4,850.00. The monthly rent is  EUR 4,850.00.")
    found = await complete(AskRequest(RENT), await ready(services, generator=says))
    assert found.answer == "The monthly rent is EUR 4,850.00. [1]"


async def test_a_sentence_that_breaks_off_is_no_answer(services):
    says = FakeGenerator(says="The monthly rent is EUR 4,850.00. It is payable in advance on the")
    found = await complete(AskRequest(RENT), await ready(services, generator=says))
    assert found.answer == "The monthly rent is EUR 4,850.00. [1]"


async def test_nothing_relevant_is_not_in_the_documents_and_no_model_is_asked(services):
    generator = FakeGenerator()
    found = await complete(AskRequest("Zzyzx quorble?"), await ready(services, generator=generator))
    assert not found.found
    assert found.citations == ()
    assert "not in your documents" in found.answer
    assert found.results
    assert generator.calls == []


async def test_without_documents_it_is_not_in_the_documents(services):
    found = await complete(AskRequest(RENT), services)
    assert (found.found, found.results) == (False, ())


async def test_a_model_that_is_away_leaves_the_passages(services):
    away = FakeGenerator(fail=Unavailable("no model"))
    found = await complete(AskRequest(RENT), await ready(services, generator=away))
    assert "4,850.00" in found.answer
    assert found.citations


async def test_the_order_of_events(services):
    events = [event async for event in answer(AskRequest(RENT), await ready(services))]
    kinds = [type(event) for event in events]
    assert kinds[0] is Results
    assert kinds[-1] is Final
    assert kinds.count(Final) == 1
    first_citation = kinds.index(Cited)
    assert all(kind is Token for kind in kinds[1:first_citation])


async def test_the_filter_reaches_the_retriever(services):
    found = await complete(AskRequest(RENT, Filter(document_ids=("no-such-document",))), await ready(services))
    assert not found.found


def test_a_follow_up_carries_the_question_before():
    history = [Message("user", "What is the rent of Harbour Street?"), Message("assistant", "EUR 4,850.00.")]
    assert standalone("And when does it end?", history).startswith("What is the rent of Harbour Street?")
    assert standalone("What is the capital of Mongolia?", history) == "What is the capital of Mongolia?"
    assert standalone("Why?", history).endswith("Why?")
    assert standalone("Which bank keeps deposits of tenants in Port Alder?", history).startswith("Which bank")


class Deleting(FakeGenerator):
    """While the model writes its first answer, somebody deletes a document."""

    delete = staticmethod(lambda: None)

    async def stream(self, messages, *, max_tokens, temperature=0.0, stop=()):
        delete, self.delete = self.delete, None
        if delete is not None:
            await delete()
        async for token in super().stream(messages, max_tokens=max_tokens, temperature=temperature, stop=stop):
            yield token


async def test_a_document_that_is_deleted_while_it_is_answered_from_is_left_out(services):
    other = await add(services, "The monthly rent of the cellar is EUR 120.00.", "cellar.txt")
    model = Deleting(says="The monthly rent of the cellar is EUR 120.00.")
    services = await ready(services, generator=model)
    model.delete = lambda: services.state.documents.delete(other.id)
    found = await complete(AskRequest("What is the monthly rent of the cellar?"), services)
    assert other.id not in {passage.chunk.document_id for passage in found.results}
    assert "4,850.00" in found.answer
