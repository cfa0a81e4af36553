"""Sections of the settings for a model that is tried beside the one in charge of a stage (docs/analysis.md)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rag.sections.scaling import Section


class Tried(Section):
    candidate: str = ""
    """The model that is tried. Empty: none."""
    candidate_mode: Literal["shadow", "share"] = "shadow"
    """Until it is decided over the API."""
    candidate_weight: float = Field(default=0.1, ge=0, le=1)
    """Share of the documents that it decides, in the mode `share`."""
