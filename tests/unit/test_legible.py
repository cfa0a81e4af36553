"""Confidence of pages and documents, and what counts as badly read; scripts and their packs."""

from __future__ import annotations

from rag.analysis.legible import PageReading, document_reading
from rag.model import Source
from rag.read import scripts
from rag.settings import Reading, language_of

GOOD = PageReading(1, Source.OCR, 0.9, 300)
POOR = PageReading(2, Source.OCR, 0.5, 100)
BLANK = PageReading(3, Source.OCR, 0.0, 0)
WRITTEN = PageReading(4, Source.TEXT_LAYER, 1.0, 400)


def test_a_document_is_as_sure_as_its_letters() -> None:
    found = document_reading([GOOD, POOR, BLANK, WRITTEN], 0.6)
    assert found.confidence == (0.9 * 300 + 0.5 * 100 + 1.0 * 400) / 800
    assert found.poor_pages == (2,)


def test_nothing_read_has_no_confidence() -> None:
    assert document_reading([BLANK], 0.6).confidence is None
    assert document_reading([], 0.6).poor_pages == ()


def test_the_threshold_is_a_setting() -> None:
    assert document_reading([GOOD, POOR], 0.95).poor_pages == (1, 2)
    assert document_reading([GOOD, POOR], 0.3).poor_pages == ()


def test_the_language_of_a_document_goes_before_that_of_its_collection() -> None:
    reading = Reading(languages="eng", collection_languages={"letters": "deu+eng"})
    assert language_of("fra", "letters", reading) == "fra"
    assert language_of(None, "letters", reading) == "deu+eng"
    assert language_of(None, "default", reading) == "eng"


def test_a_script_is_read_by_its_own_pack_or_by_one_of_its_languages() -> None:
    assert scripts.foreign("Cyrillic", "eng")
    assert not scripts.foreign("Cyrillic", "ukr+eng")
    assert not scripts.foreign("Latin", "eng")
    assert not scripts.foreign("", "eng")
    assert scripts.reader_of("Cyrillic", {"eng", "bul", "rus"}) == "rus"
    assert scripts.reader_of("Cyrillic", {"rus", "script/Cyrillic"}) == "script/Cyrillic"
    assert scripts.reader_of("Cyrillic", {"eng"}) is None


def test_packs_have_the_names_of_debian() -> None:
    assert scripts.package("chi_sim") == "tesseract-ocr-chi-sim"
    assert scripts.package("script/Cyrillic") == "tesseract-ocr-script-cyrl"


def test_a_language_that_was_not_asked_for_is_named() -> None:
    assert scripts.unread("de", "eng") == "deu"
    assert scripts.unread("de", "deu+eng") is None
    assert scripts.unread("xx", "eng") is None
