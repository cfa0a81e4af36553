"""Names of a document's bytes in the blob store: the original, and copies of it that parsers can read."""

from __future__ import annotations


def original(sha256: str) -> str:
    return f"originals/{sha256[:2]}/{sha256}"


def unlocked(key: str) -> str:
    """The copy without encryption of an original (or of another blob)."""
    return f"unlocked/{key.removeprefix('originals/')}"


def converted(key: str) -> str:
    """The copy in a current format of an old one (DOC, XLS, PPT, RTF)."""
    return f"converted/{key.removeprefix('originals/')}"


def copies(key: str) -> tuple[str, ...]:
    """Every blob that may have been made from this one; they go with it."""
    return unlocked(key), converted(key), converted(unlocked(key))
