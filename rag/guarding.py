"""Settings of what guards the library: the audit log."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rag.scaling import Section


class Audit(Section):
    """Who did what (docs/access.md)."""

    mode: Literal["auto", "on", "off"] = "auto"
    """auto: where API keys are asked for. Without them there is nobody to tell apart."""
    questions: bool = False
    """Keep the text of questions and searches in the log."""
    keep_days: float = Field(default=365, ge=0)
    """Older lines are removed; 0 keeps all."""
