"""The page in the reader's language. English is written in the code; ui/words/LANGUAGE.json has the same texts in another.

The language is REDWELL_UI_LANGUAGE where the installation says one, else what the reader chose on the System page, else the
browser's, else English. A text that a catalogue lacks is shown in English; a test keeps the catalogues complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

FOLDER = Path(__file__).parent / "catalogues"
LANGUAGES = {"en": "English", "de": "Deutsch"}


def language() -> str:
    """The code of one of LANGUAGES."""
    fixed = os.environ.get("REDWELL_UI_LANGUAGE", "")
    if fixed in LANGUAGES:
        return fixed
    if get_script_run_ctx() is None:
        return "en"
    chosen = st.session_state.get("language")
    wanted = str(chosen or st.context.locale or "en")[:2].lower()
    return wanted if wanted in LANGUAGES else "en"


@cache
def catalogue(code: str) -> Mapping[str, str]:
    path = FOLDER / f"{code}.json"
    texts: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return texts


def later(text: str) -> str:
    """Marks a text of a table for the catalogues; `say` puts it into the reader's language where it is shown."""
    return text


def say(text: str, /, **values: object) -> str:
    """The text in the reader's language, its {names} filled in."""
    found = catalogue(language()).get(text, text)
    return found.format(**values) if values else found


def several(number: int, one: str, many: str) -> str:
    """'1 document', '1,234 documents': both forms are texts of their own."""
    figure = f"{number:,}" if language() == "en" else f"{number:,}".replace(",", ".")
    return f"{figure} {say(one if number == 1 else many)}"
