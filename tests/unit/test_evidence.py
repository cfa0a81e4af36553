"""Sentences are ranked against the question."""

import pytest

from rag.answering.evidence import gather_evidence, relevance
from rag.model import Chunk, Hit, Passage

RENT = "The monthly rent is EUR 4,850.00, payable in advance."
TERM = "The lease begins on 1 March 2025 and ends on 28 February 2030."
WEATHER = "The garden is pleasant in summer and quiet in winter."


def passage(text: str, start: int = 0, name: str = "lease.pdf", dense: float | None = None) -> Passage:
    return Passage(Chunk("d", 1, start, start + len(text), text, 1), name, "default", Hit(1, 1.0, dense=dense))


async def same(question, texts):
    return [0.5] * len(texts)


async def test_the_sentence_that_shares_the_question_s_terms_is_first():
    found = await gather_evidence("What is the monthly rent?", [passage(f"{WEATHER} {TERM} {RENT}")], same)
    assert found[0].segment.text == RENT


async def test_a_question_for_a_date_prefers_a_date():
    found = await gather_evidence("When does it begin?", [passage(f"{RENT} {TERM} {WEATHER}")], same)
    assert found[0].segment.text == TERM


async def test_meaning_decides_where_words_do_not():
    async def cosine(question, texts):
        return [0.9 if "garden" in text else 0.1 for text in texts]

    found = await gather_evidence("Outdoor area?", [passage(f"{RENT} {WEATHER}")], cosine)
    assert found[0].segment.text == WEATHER


async def test_offsets_are_the_page_s():
    [only] = await gather_evidence("rent", [passage(RENT, start=100)], same)
    assert (only.segment.start, only.segment.end) == (100, 100 + len(RENT))


async def test_what_shares_nothing_scores_lower_than_what_answers():
    async def cosine(question, texts):
        return [0.75 if "rent" in text else 0.05 for text in texts]

    right = await gather_evidence("What is the monthly rent?", [passage(RENT)], cosine)
    wrong = await gather_evidence("Who painted the ceiling of the chapel?", [passage(WEATHER)], cosine)
    assert right[0].score > 0.6
    assert wrong[0].score < 0.3


async def test_a_synonym_counts_where_the_word_itself_does_not_stand():
    found = await gather_evidence(
        "Is liability capped?", [passage(f"{WEATHER} Damages shall not exceed EUR 500. {RENT}")], same
    )
    assert found[0].segment.text == "Damages shall not exceed EUR 500."


async def test_what_is_about_the_question_is_relevant_and_what_is_not_is_not():
    near, far = passage(RENT, dense=0.7), passage(WEATHER, dense=0.1)
    right = await gather_evidence("What is the monthly rent?", [near], same)
    wrong = await gather_evidence("Who painted the ceiling of the chapel?", [far], same)
    assert relevance(right, [near]) > 0.95
    assert relevance(wrong, [far]) < 0.05


async def test_lexical_search_has_no_cosines_and_the_sentences_stand_in():
    plain, told = passage(RENT), passage(RENT, dense=0.5)
    found = await gather_evidence("What is the monthly rent?", [plain], same)
    assert relevance(found, [plain]) == pytest.approx(relevance(found, [told]))


def test_without_evidence_nothing_is_relevant():
    assert relevance([], []) == 0.0


RULES = """Rules of the ferry at Obersteg
1. The ferry is rowed by Anna Teller from April to October, and by her brother Jost in winter.
2. A crossing costs 80 cents; children under six and the postman cross free.
3. In fog the bell is rung every four minutes, and nobody crosses alone.
4. A new rope is paid by the three farms on the west bank, each a third.
5. Whoever loses an oar brings another within two days.
"""


@pytest.mark.parametrize(
    ("question", "cosines", "clause"),
    [
        ("Who pays for the new rope of the ferry at Obersteg?", (0.69, 0.54, 0.39, 0.17, 0.45, 0.25), "4. A new rope"),
        ("What must one do who loses an oar of the ferry?", (0.76, 0.53, 0.23, 0.22, 0.16, 0.48), "5. Whoever loses"),
    ],
)
async def test_a_heading_is_no_more_the_first_clause_s_than_the_others(question, cosines, clause):
    """Cosines as the packaged model gives them. Who pays may have no name, and a 'who' inside a question asks for nobody."""
    starts = ("Rules", "1.", "2.", "3.", "4.", "5.")

    async def cosine(question, texts):
        return [next(c for c, start in zip(cosines, starts, strict=True) if text.startswith(start)) for text in texts]

    found = await gather_evidence(question, [passage(RULES, name="ferry.txt")], cosine)
    assert found[0].segment.text.startswith(clause)
    assert not any("Rules" in item.segment.text and "Anna Teller" in item.segment.text for item in found)


async def test_a_label_is_joined_with_its_value():
    found = await gather_evidence("What is the cost?", [passage("Estimated cost\nEUR 86,400.00\n")], same)
    assert "Estimated cost\nEUR 86,400.00" in {item.segment.text for item in found}


HOUSE_RULES = """House rules of the bakehouse at Tannmatt
1. The oven is heated on Tuesdays and Fridays, from five in the morning, by Vreni Aebi.
2. The key hangs at the schoolhouse; who loses it pays 35 francs.
"""


async def test_the_heading_of_clauses_answers_nothing():
    """It says the question's names and, of "in the kitchen of the house", the house."""

    async def cosine(question, texts):
        return [0.8 if text.startswith("House rules") else 0.4 for text in texts]

    found = await gather_evidence(
        "Where does the key of the Tannmatt bakehouse hang?", [passage(HOUSE_RULES, name="rules.txt")], cosine
    )
    assert found[0].segment.text.startswith("2. The key hangs")
    assert not any("House rules" in item.segment.text for item in found)


async def test_short_clauses_are_no_headings_of_one_another():
    found = await gather_evidence("Is there milk?", [passage(f"{TERM}\n1. Bread\n2. Milk\n3. Butter\n")], same)
    assert {item.segment.text for item in found} >= {"1. Bread", "2. Milk", "3. Butter"}


STATUTES = "The club house stands at 14 Netherquay. Its caretaker is Ingrid Vasslo, elected in March. Nobody rows after sunset."


async def test_a_sentence_is_about_what_its_pronoun_points_back_to():
    found = await gather_evidence("Who is the caretaker of the club house?", [passage(STATUTES)], same)
    assert found[0].segment.text == "Its caretaker is Ingrid Vasslo, elected in March."
