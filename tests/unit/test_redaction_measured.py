"""What is found in the made-up lines of data/personal.jsonl: the figures of docs/redaction.md."""

import json
from collections import Counter
from pathlib import Path

from rag.redaction.plan import PERSONAL
from rag.redaction.rules import Countries, find

ROWS = [json.loads(line) for line in (Path(__file__).parents[2] / "data/personal.jsonl").open()]
COUNTRIES = Countries((*Countries().numbers, "FI", "SE"))


def missed() -> Counter[str]:
    missed = Counter()
    for row in ROWS:
        if "kind" in row:
            found = find(row["text"], PERSONAL, COUNTRIES)
            missed[row["kind"]] += not any(one.start <= row["start"] and one.end >= row["end"] for one in found)
    return +missed


def test_what_is_missed():
    assert missed() == {"IBAN": 3, "ADDRESS": 2, "VEHICLE": 1}


def test_what_only_looks_like_personal_data():
    taken = [row["text"] for row in ROWS if "kind" not in row and find(row["text"], PERSONAL, COUNTRIES)]
    assert sorted(taken) == [
        "Batch AS601206A, body tight screw",
        "See 3.1.4.1 and 3.1.4.2 of the agreement.",
    ]
