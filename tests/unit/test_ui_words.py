"""The catalogues of the page hold every text of the code, and nothing else."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from ui import words

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted((ROOT / "ui" / "catalogues").glob("*.json"))


def texts() -> set[str]:
    """What is handed to say, later and several."""
    found = set()
    for path in (ROOT / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and name in ("say", "later", "several"):
                spoken = node.args[1:3] if name == "several" else node.args[:1]
                found |= {str(one.value) for one in spoken if isinstance(one, ast.Constant)}
    return found


def names(text: str) -> list[str]:
    return sorted(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_has_the_keys_of_the_code(path: Path) -> None:
    held = json.loads(path.read_text())
    assert (texts() - set(held), set(held) - texts()) == (set(), set())


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_translation_fills_in_the_same_names(path: Path) -> None:
    held = json.loads(path.read_text())
    assert {key: value for key, value in held.items() if names(key) != names(value)} == {}
    assert all(value.strip() for value in held.values())


def test_every_language_that_is_offered_has_a_catalogue() -> None:
    assert {path.stem for path in CATALOGUES} | {"en"} == set(words.LANGUAGES)


def test_the_language_of_the_installation_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words.language() == "en"
    monkeypatch.setenv("REDWELL_UI_LANGUAGE", "de")
    assert words.say("{done} of {total}", done=1, total=2) == "1 von 2"
    assert (words.several(1, "page", "pages"), words.several(1200, "page", "pages")) == ("1 Seite", "1.200 Seiten")


def test_one_thing_is_counted_as_one() -> None:
    assert [words.several(number, "page", "pages") for number in (0, 1, 1200)] == ["0 pages", "1 page", "1,200 pages"]
