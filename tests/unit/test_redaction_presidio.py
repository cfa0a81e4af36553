"""Presidio's recognisers without Presidio's engines."""

import subprocess
import sys
from typing import get_args

import pytest

from rag.redaction.recognisers import ANYWHERE, BY_COUNTRY, numbers
from rag.redaction.rules import Countries, Pii, find
from rag.sections.guarding import Country, Redaction


def loaded(code, *names):
    """Those of the modules that a fresh interpreter holds after the code."""
    ended = f"\nimport sys\nprint([name for name in {names} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code + ended], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_no_engine_is_loaded_with_them():
    code = (
        "from rag.redaction.rules import find\n"
        "assert [one.kind for one in find('US passport A12345678', ['ID_NUMBER'])] == ['ID_NUMBER']"
    )
    assert loaded(code, "torch", "spacy", "transformers", "tldextract", "requests") == "[]"


def test_spacy_loads_none_of_its_engines():
    code = "from rag.redaction.presidio import enter\nenter()\nimport spacy\nspacy.blank('en')"
    assert loaded(code, "transformers", "tldextract") == "[]"


@pytest.mark.parametrize("country", sorted(BY_COUNTRY))
def test_every_recogniser_of_a_country_runs(country):
    assert list(numbers("Nothing to be found here.", list(Pii), (country,))) == []


def test_the_settings_name_what_there_is():
    own = Redaction()
    assert set(get_args(Country)) == set(BY_COUNTRY)
    assert Countries() == Countries(own.countries, own.phone_countries)
    assert {one.value for one in Pii} - set(own.kinds) == {"URL"}
    assert {one.kind for sources in (ANYWHERE, *BY_COUNTRY.values()) for one in sources} <= {one.value for one in Pii}


def test_the_nearest_label_says_what_a_number_is():
    text = "US passport A12345678, routing number 021000021."
    assert [(text[one.start : one.end], one.kind) for one in find(text, list(Pii))] == [
        ("A12345678", "ID_NUMBER"),
        ("021000021", "BANK_ACCOUNT"),
    ]


def test_two_countries_see_the_same_text_each_its_way():
    text = "numero di passaporto YA1234567, PESEL 44051401359"
    found = numbers(text, ["ID_NUMBER"], ("IT", "PL"))
    assert {text[start:end] for start, end, _ in found} == {"YA1234567", "44051401359"}
