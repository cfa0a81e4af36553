"""Words keep what is packed into them."""

import json

from rag.model import Word, Words

ROWS = [
    Word(0, 5, (10.0, 10.0, 40.0, 20.0), 0.5),
    Word(6, 9, (44.0, 11.0, 60.0, 20.0), 1.0),
    Word(10, 14, (10.0, 30.0, 30.0, 40.0), 0.25),
]


def test_packing_keeps_values_as_plain_python_numbers():
    words = Words.pack(ROWS)
    assert list(words) == ROWS
    assert len(words) == 3
    assert json.loads(json.dumps([word.box for word in words]))[0] == [10.0, 10.0, 40.0, 20.0]


def test_a_span_takes_the_words_that_it_touches():
    assert Words.pack(ROWS).within(4, 7) == ROWS[:2]
    assert Words.pack(ROWS).within(5, 6) == []


def test_boxes_join_the_words_of_a_line_and_no_others():
    boxes = Words.pack(ROWS).boxes(0, 14)
    assert boxes == [(10.0, 10.0, 60.0, 20.0), (10.0, 30.0, 30.0, 40.0)]
    assert all(type(side) is float for box in boxes for side in box)


def test_no_words_no_boxes():
    assert Words().boxes(0, 100) == []
    assert list(Words()) == []
