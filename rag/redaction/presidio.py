"""Presidio's pattern recognisers without the rest of Presidio.

`import presidio_analyzer` runs package files that import every engine it knows: spaCy, torch and transformers, 600 MB and six
seconds of a processor, in processes (the API, every log line) that hold no model. A recogniser needs regular expressions only. So the
packages on the way to one are entered in `sys.modules` without running their `__init__`, and what recognisers ask the top
package for is imported from the modules that define it: 16 MB and 0.2 s. tests/unit/test_redaction_presidio.py holds it to that.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from rag.errors import ConfigurationError

NAME = "presidio_analyzer"
_BARE = ("predefined_recognizers", "predefined_recognizers.generic", "predefined_recognizers.country_specific")
_CORE = {
    # In the order in which they need each other.
    "analysis_explanation": "AnalysisExplanation",
    "recognizer_result": "RecognizerResult",
    "entity_recognizer": "EntityRecognizer",
    "local_recognizer": "LocalRecognizer",
    "pattern": "Pattern",
    "pattern_recognizer": "PatternRecognizer",
}
_loading = threading.Lock()


def recogniser(module: str, name: str) -> type[Any]:
    """A class of `presidio_analyzer.predefined_recognizers`. Raises ConfigurationError where presidio-analyzer is missing."""
    with _loading:
        if NAME not in sys.modules:
            _enter()
        found = importlib.import_module(f"{NAME}.predefined_recognizers.{module}")
    return getattr(found, name)  # type: ignore[no-any-return]


def _enter() -> None:
    """Where presidio-analyzer was imported whole, by whoever did, that stays."""
    spec = importlib.util.find_spec(NAME)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            "The package presidio-analyzer is not installed.", "Install requirements/cpu.txt, where it is pinned."
        )
    root = Path(spec.submodule_search_locations[0])
    top = _package(NAME, root)
    for name in _BARE:
        _package(f"{NAME}.{name}", root.joinpath(*name.split(".")))
    # Two recognisers name this type in a signature.
    _package(f"{NAME}.nlp_engine", root / "nlp_engine").__dict__["NlpArtifacts"] = object
    for module, name in _CORE.items():
        setattr(top, name, getattr(importlib.import_module(f"{NAME}.{module}"), name))


def _package(name: str, folder: Path) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return package
