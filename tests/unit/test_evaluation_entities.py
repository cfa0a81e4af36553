"""The truth of entity evaluation: CoNLL files to texts with spans, and their score."""

from rag.evaluation.entities import Truth, documents, score

CONLL = """-DOCSTART- -X- O O

Anna NNP I-PER
Keller NNP I-PER
lives O
in O
New I-LOC
York I-LOC
. O

Acme I-ORG

-DOCSTART- -X- O O

Bonn I-LOC
Otto I-PER
"""


def test_sentences_become_lines_and_tags_become_spans(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text(CONLL)
    first, second = documents(path)
    assert first.text == "Anna Keller lives in New York .\nAcme\n"
    assert {(first.text[s:e], kind) for s, e, kind in first.spans} == {
        ("Anna Keller", "PER"),
        ("New York", "LOC"),
        ("Acme", "ORG"),
    }
    assert {(second.text[s:e], kind) for s, e, kind in second.spans} == {("Bonn", "LOC"), ("Otto", "PER")}


def test_two_names_side_by_side_are_two_where_the_second_begins_anew(tmp_path):
    path = tmp_path / "b.conll"
    path.write_text("Anna B-person\nKeller I-person\nOtto B-person\npaper B-product\n")
    [truth] = documents(path)
    assert sorted(truth.spans) == [(0, 11, "PER"), (12, 16, "PER")]


def test_a_span_counts_when_start_end_and_class_are_right():
    truth = Truth("", frozenset({(0, 4, "PER"), (5, 9, "LOC")}))
    assert score([{(0, 4, "PER"), (5, 9, "ORG"), (10, 12, "LOC")}], [truth]) == {
        "precision": 0.3333,
        "recall": 0.5,
        "f1": 0.4,
    }
