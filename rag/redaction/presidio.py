"""Presidio's pattern recognisers without the rest of Presidio.

`import presidio_analyzer` runs package files that import every engine it knows: spaCy, torch and transformers, 600 MB and six
seconds of a processor, in processes (the API, every log line) that hold no model. A recogniser needs regular expressions only. So the
packages on the way to one are entered in `sys.modules` without running their `__init__`, and what recognisers ask the top
package for is imported from the modules that define it: 16 MB and 0.2 s. tests/unit/test_redaction_presidio.py holds it to that.

spaCy would import all of it, too: it loads every factory of components that an installed package announces, Presidio's among them. So
whoever loads a pipeline calls `enter` before.
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
_FACTORY = "huggingface_token_pipe"
"""What Presidio announces to spaCy: a component for pipelines of its own."""
_loading = threading.Lock()


def recogniser(module: str, name: str) -> type[Any]:
    """A class of `presidio_analyzer.predefined_recognizers`. Raises ConfigurationError where presidio-analyzer is missing."""
    with _loading:
        _enter()
        found = importlib.import_module(f"{NAME}.predefined_recognizers.{module}")
    return getattr(found, name)  # type: ignore[no-any-return]


def enter() -> None:
    """From now on only what is asked for of Presidio is loaded in this process, by spaCy too. Raises ConfigurationError."""
    with _loading:
        _enter()


def _enter() -> None:
    """Where presidio-analyzer was imported whole, by whoever did, that stays."""
    if NAME in sys.modules:
        return
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
    _package(f"{NAME}.nlp_engine.{_FACTORY}", root).__dict__[f"create_{_FACTORY}"] = _no_component
    for module, name in _CORE.items():
        setattr(top, name, getattr(importlib.import_module(f"{NAME}.{module}"), name))


def _no_component(*_: Any, **__: Any) -> Any:
    raise ConfigurationError("Presidio's spaCy component is not used here.", "Set entities.engine to transformers.")


def _package(name: str, folder: Path) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return package
