"""Columns, and two readings of one picture made into one."""

from rag.read.ocr_layout import Found, Reading, assemble
from rag.read.ocr_merge import merged


def reading(*lines: tuple[int, int, float, str]) -> Reading:
    """Each line is (left, top, confidence, words); a letter is 10 wide, a line 20 high."""
    found = []
    for number, (left, top, confidence, text) in enumerate(lines):
        at = left
        for word in text.split():
            found.append(Found((1, 1, number), (at, top, at + 10 * len(word), top + 20), confidence, word))
            at += 10 * len(word) + 10
    return assemble(found)


def test_running_text_side_by_side_is_columns() -> None:
    rows = [(left, 30 * row, 0.9, "four words of text") for left in (0, 500) for row in range(4)]
    assert reading(*rows).columns


def test_labels_with_amounts_are_no_columns() -> None:
    rows = [(0, 30 * row, 0.9, "one long label with words") for row in range(8)]
    amounts = [(500, 30 * row, 0.9, "12.50 SR") for row in range(8)]
    assert not reading(*rows, *amounts).columns


def test_rows_keep_what_the_lines_left_out() -> None:
    rows = reading((0, 0, 0.9, "Total 79.50"), (0, 30, 0.9, "Cash 100.00"))
    lines = reading((0, 0, 0.9, "Total"), (0, 30, 0.9, "Cash"))
    assert merged(rows, lines).text == "Total 79.50\nCash 100.00"


def test_a_line_that_was_read_better_takes_the_place_of_its_words() -> None:
    rows = reading((0, 0, 0.5, "Tofal"), (0, 30, 0.5, "2Z/O3/Z018"), (300, 30, 0.9, "9.15"))
    lines = reading((0, 0, 0.6, "Total"), (0, 30, 0.9, "27/03/2018"))
    assert merged(rows, lines).text == "Total\n27/03/2018\n9.15"


def test_a_line_that_was_read_worse_stays_out() -> None:
    rows, lines = reading((0, 0, 0.9, "Total 79.50")), reading((0, 0, 0.6, "Tofal"))
    assert merged(rows, lines).text == "Total 79.50"
