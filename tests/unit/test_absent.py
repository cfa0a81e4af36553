"""Modules that are found missing for a while."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from rag.runtime.absent import absent, spacy_needs_torch

UNUSED = "this"
"""A module of the standard library that nothing loads (it prints a poem)."""


def test_a_module_is_missing_within_the_block_and_there_after_it() -> None:
    with absent(UNUSED), pytest.raises(ImportError):
        importlib.import_module(UNUSED)
    assert UNUSED not in sys.modules
    assert importlib.util.find_spec(UNUSED) is not None


def test_what_is_loaded_already_stays() -> None:
    with absent("json"):
        assert importlib.import_module("json").dumps([1]) == "[1]"


@pytest.mark.parametrize(("config", "expected"), [('factory = "tok2vec"', False), ('factory = "transformer"', True)])
def test_a_pipeline_with_a_transformer_needs_torch(tmp_path: Path, config: str, expected: bool) -> None:
    (tmp_path / "config.cfg").write_text(config)
    assert spacy_needs_torch(str(tmp_path)) is expected


def test_a_name_may_have_one() -> None:
    assert spacy_needs_torch("en_core_web_trf")
