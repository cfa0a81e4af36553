"""Documents with ideal queues."""

import pytest

from rag.planning.ideal import ideal_seconds
from rag.planning.pack import Cards
from rag.planning.plan import fewest_cards
from rag.planning.stages import FIELD_CASE, Load

PLAN = fewest_cards(FIELD_CASE, Load(documents_per_second=1.1), Cards(12, 80, a_node=4))


@pytest.mark.parametrize(("in_turn", "seconds"), [(True, 0.5 + 0.8 + 0.6 + 1.2), (False, 0.5 + 1.2)])
def test_a_document_alone_waits_for_nothing(in_turn, seconds):
    assert ideal_seconds(PLAN, FIELD_CASE, arrivals=[3.0], in_turn=in_turn) == pytest.approx((seconds,))


def test_a_third_document_waits_for_a_place_of_the_language_model():
    """Two places each of OCR and of the language model: the third is read when the first has been, and waits for a place."""
    first, second, third = ideal_seconds(PLAN, FIELD_CASE, arrivals=[0.0, 0.0, 0.0], in_turn=False)
    assert (first, second) == pytest.approx((1.7, 1.7))
    assert third == pytest.approx(1.7 + 1.2)


def test_documents_that_do_not_meet_take_as_long_as_one_alone():
    assert ideal_seconds(PLAN, FIELD_CASE, arrivals=[0.0, 10.0], in_turn=False) == pytest.approx((1.7, 1.7))
