"""The pure parts of the way in: votes, languages, fan-out, summaries."""

import asyncio

import pytest

from rag.analysis.classify import combine, opening
from rag.analysis.language import detect_language
from rag.analysis.summarize import summarize
from rag.errors import NotFound
from rag.model import Classification, Label, Page, Source, Token
from rag.runtime.concurrency import bounded, together
from rag.settings import Analysis, Llm

LEASE = (
    "This lease is made between Northgate Estates Ltd. and Anna Keller on 1 March 2025. "
    "The monthly rent is EUR 4,850.00, payable in advance on the third working day of each month. "
    "The tenant pays a deposit of EUR 9,700.00 before the keys are handed over. "
    "The lease ends on 28 February 2030 unless it is renewed in writing by both parties. "
)


def votes(**scores):
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    return Classification(ranked[0][0], ranked[0][1], tuple(Label(*item) for item in ranked))


def page(text, number=1):
    return Page(number, 612, 792, text, Source.TEXT_LAYER)


def test_the_name_decides_where_the_text_is_unsure():
    found = combine(votes(invoice=0.9, letter=0.1), votes(letter=0.51, invoice=0.49))
    assert found.label == "invoice"
    assert sum(item.score for item in found.scores) == pytest.approx(1.0)


def test_a_sure_text_overrules_the_name():
    assert combine(votes(invoice=0.9, letter=0.1), votes(letter=0.97, invoice=0.03)).label == "letter"


def test_the_opening_is_bounded():
    assert len(opening([page("x" * 5000), page("y")])) == 3000


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The rent is payable in advance and it is due on the first day of the month.", "en"),
        ("Die Miete ist im Voraus zu zahlen und wird mit dem ersten Tag des Monats fällig.", "de"),
        ("Le loyer est payable d'avance et il est dû le premier jour du mois pour les locataires.", "fr"),
        ("4711 0815", None),
    ],
)
def test_languages(text, language):
    assert detect_language(text) == language


async def test_together_keeps_order_and_unwraps_the_first_error():
    async def later(value, seconds):
        await asyncio.sleep(seconds)
        return value

    async def broken():
        raise NotFound("gone")

    assert await together(later(1, 0.01), later(2, 0)) == [1, 2]
    with pytest.raises(NotFound, match="gone"):
        await together(later(1, 1), together(broken()))


async def test_bounded_runs_no_more_than_its_number_at_once():
    running = peak = 0

    async def work():
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0)
        running -= 1

    await bounded((work() for _ in range(20)), at_once=3)
    assert peak == 3


class Says:
    """A generator that says one thing and remembers how often it was asked."""

    model = "says"
    context_tokens = 4096

    def __init__(self, text):
        self.text, self.calls = text, 0

    async def stream(self, messages, *, max_tokens, temperature=0.0, stop=(), schema=None):
        self.calls += 1
        yield Token(self.text, "stop")


async def test_a_supported_summary_is_kept_with_its_pages():
    says = Says("The lease is between Northgate Estates Ltd. and Anna Keller. The monthly rent is EUR 4,850.00.")
    found = await summarize([page("An empty cover sheet."), page(LEASE, 2)], says, Llm(), Analysis())
    assert (found.method, found.text, found.pages) == ("model", says.text, (2,))


async def test_an_invented_sentence_is_dropped():
    says = Says("The monthly rent is EUR 4,850.00. The tenant owns three horses in Peru.")
    found = await summarize([page(LEASE)], says, Llm(), Analysis())
    assert found.text == "The monthly rent is EUR 4,850.00."


async def test_an_unsupported_summary_gives_way_to_sentences_of_the_text():
    found = await summarize([page(LEASE)], Says("The rent is EUR 9."), Llm(), Analysis())
    assert found.method == "extractive"
    assert all(part in LEASE for part in found.text.split(". "))


async def test_a_short_text_is_its_own_summary():
    says = Says("Never asked.")
    found = await summarize([page("Call Anna\nback.")], says, Llm(), Analysis())
    assert (found.text, found.method, says.calls) == ("Call Anna back.", "text", 0)


async def test_a_long_text_is_mapped_and_reduced():
    says = Says("The monthly rent is EUR 4,850.00.")
    pages = [page(LEASE, number) for number in range(1, 61)]
    found = await summarize(pages, says, Llm(), Analysis(summary_input_tokens=500))
    assert says.calls > 8
    assert found.text == "The monthly rent is EUR 4,850.00."


async def test_the_long_summary_follows_the_parts_of_a_long_text():
    says = Says("The monthly rent is EUR 4,850.00.")
    pages = [page(LEASE, number) for number in range(1, 21)]
    found = await summarize(pages, says, Llm(), Analysis(summary_input_tokens=100))
    assert (found.long, found.long_pages) == ("The monthly rent is EUR 4,850.00.", (1,))


async def test_a_part_whose_draft_is_not_supported_speaks_for_itself():
    pages = [page(LEASE, 1), page("The boat of the harbour master sails on Monday at nine. " * 12, 2)]
    found = await summarize(pages, Says("The rent is EUR 9."), Llm(), Analysis(summary_input_tokens=100))
    assert found.method == "extractive"
    assert "The boat of the harbour master sails on Monday at nine." in found.long
    assert found.long_pages == (1, 2)


async def test_of_a_very_long_text_so_many_parts_are_summarised():
    says = Says("The monthly rent is EUR 4,850.00.")
    pages = [page(LEASE, number) for number in range(1, 61)]
    await summarize(pages, says, Llm(), Analysis(summary_input_tokens=100, summary_parts=5))
    assert says.calls == 6
