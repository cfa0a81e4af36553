"""Sentences are ranked against the question."""

from rag.evidence import gather_evidence
from rag.model import Chunk, Hit, Passage

RENT = "The monthly rent is EUR 4,850.00, payable in advance."
TERM = "The lease begins on 1 March 2025 and ends on 28 February 2030."
WEATHER = "The garden is pleasant in summer and quiet in winter."


def passage(text: str, start: int = 0, name: str = "lease.pdf") -> Passage:
    return Passage(Chunk("d", 1, start, start + len(text), text, 1), name, "default", Hit(1, 1.0))


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
