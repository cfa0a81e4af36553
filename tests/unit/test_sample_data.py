"""The sample documents and the questions about them agree. No OCR: what scans say is checked by make_samples.py --check."""

import json
import re
from functools import cache
from pathlib import Path

import pypdfium2 as pdfium
import pytest

DATA = Path(__file__).parents[2] / "data"
SAMPLES = DATA / "samples"
MANIFEST = {entry["file"]: entry for entry in json.loads((SAMPLES / "manifest.json").read_text())}
QUESTIONS = [json.loads(line) for line in (DATA / "questions.jsonl").read_text().splitlines()]
ANSWERABLE = [question for question in QUESTIONS if question["answerable"]]
UNANSWERABLE = [question for question in QUESTIONS if not question["answerable"]]
TYPES = {
    "contract", "invoice", "receipt", "letter", "e-mail", "form", "report", "financial statement", "resume",
    "scientific paper", "news article", "policy", "minutes", "presentation", "other",
}  # fmt: skip


def is_scan(question: dict) -> bool:
    return question["page"] in MANIFEST[question["document"]]["scanned_pages"]


@cache
def page_text(file: str, number: int) -> str:
    path = SAMPLES / file
    if path.suffix == ".pdf":
        document = pdfium.PdfDocument(path)
        text = document[number - 1].get_textpage().get_text_bounded()
        document.close()
    else:
        text = path.read_text()
    return " ".join(text.split())


def test_manifest_names_every_file_once():
    files = {path.name for path in SAMPLES.iterdir()} - {"manifest.json"}

    assert set(MANIFEST) == files
    assert len(MANIFEST) >= 25


@pytest.mark.parametrize("entry", MANIFEST.values(), ids=MANIFEST.keys())
def test_manifest_entry_is_well_formed(entry):
    assert entry["type"] in TYPES
    assert entry["title"]
    assert entry["pages"] >= 1
    assert entry["scanned"] == bool(entry["scanned_pages"])
    assert all(1 <= page <= entry["pages"] for page in entry["scanned_pages"])


@pytest.mark.parametrize("file", [file for file in MANIFEST if file.endswith(".pdf")])
def test_pdf_has_the_pages_and_text_layers_that_the_manifest_says(file):
    document = pdfium.PdfDocument(SAMPLES / file)
    count = len(document)
    document.close()
    without_text = [page for page in range(1, count + 1) if not page_text(file, page)]

    assert count == MANIFEST[file]["pages"]
    assert without_text == MANIFEST[file]["scanned_pages"]


def test_files_are_small_enough_to_commit():
    sizes = {path.name: path.stat().st_size for path in SAMPLES.iterdir()}

    assert max(sizes.values()) < 900_000
    assert sum(sizes.values()) < 5_000_000


def test_questions_are_counted_and_spread():
    assert len(QUESTIONS) == 60
    assert len(UNANSWERABLE) == 10
    assert len({question["id"] for question in QUESTIONS}) == 60
    assert len({question["question"] for question in QUESTIONS}) == 60
    assert len({question["document"] for question in ANSWERABLE}) >= 20
    assert sum(is_scan(question) for question in ANSWERABLE) >= 15


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_answerable_question_points_into_the_manifest(question):
    assert question["document"] == question["documents"][0]
    assert set(question["documents"]) <= set(MANIFEST)
    assert 1 <= question["page"] <= MANIFEST[question["document"]]["pages"]
    assert question["answer"] == question["answers"][0]


@pytest.mark.parametrize("question", UNANSWERABLE, ids=lambda question: question["id"])
def test_unanswerable_question_points_nowhere(question):
    assert (question["answer"], question["document"], question["page"]) == (None, None, None)
    assert (question["answers"], question["documents"]) == ([], [])


@pytest.mark.parametrize(
    "question", [question for question in ANSWERABLE if not is_scan(question)], ids=lambda question: question["id"]
)
def test_answer_stands_on_the_page_that_is_named(question):
    text = page_text(question["document"], question["page"])

    assert any(re.search(rf"(?<![\w.,]){re.escape(answer)}(?!\w)", text, re.I) for answer in question["answers"])
