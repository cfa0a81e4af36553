"""Text that leaves Python: model tokenizers and indexes take valid Unicode only."""

from __future__ import annotations

import re


def encodable(text: str) -> str:
    """The text with each lone surrogate as '?', offsets unchanged. JSON requests and broken PDFs do carry them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


_LIVE = re.compile(r"!(?=\[)|\](?=\()|<(?=[A-Za-z/!?])")


def inert(text: str) -> str:
    """For doors whose clients render Markdown or HTML: pictures, links and tags of quoted text stay visible and do nothing."""
    return _LIVE.sub(lambda match: f"{match[0]} ", text)
