"""Text that leaves Python: model tokenizers and indexes take valid Unicode only."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with each lone surrogate as '?', offsets unchanged. JSON requests and broken PDFs do carry them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
