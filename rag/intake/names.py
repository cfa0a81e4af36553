"""Names that come from outside: of files, of what lies beside them, and of collections."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

from rag.errors import InvalidInput

NAME_BYTES = 200
_CLUTTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}


def collection_name(name: str) -> str:
    """1 to 64 letters, digits, '.', '_' and '-'."""
    if not (0 < len(name) <= 64 and all(c.isalnum() or c in "._-" for c in name)):
        raise InvalidInput(f"'{name[:80]}' is no name for a collection.", "Use 1 to 64 letters, digits, '.', '_', '-'.")
    return name


def clutter(path: str) -> bool:
    """What operating systems leave beside people's files: pictures of a folder, settings of its window, resource forks."""
    parts = PurePosixPath(path).parts
    return "__MACOSX" in parts or (bool(parts) and (parts[-1].casefold() in _CLUTTER or parts[-1].startswith("._")))


def hidden(path: str) -> bool:
    """Whether a file, or a folder on the way to it, begins with a dot."""
    return any(part.startswith(".") for part in PurePosixPath(path).parts)


def left_out(path: str) -> bool:
    """What a folder is sent without: hidden files and clutter."""
    return hidden(path) or clutter(path)


def safe_filename(name: str | None) -> str:
    """The last path component without control and direction characters, at most `NAME_BYTES` bytes, suffix kept."""
    base = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join(c for c in base if unicodedata.category(c)[0] != "C" and c not in _BIDI).strip(" .")
    base = base or "unnamed"
    stem, dot, suffix = base.rpartition(".")
    suffix = f".{suffix}" if dot and stem and len(suffix) <= 10 else ""
    stem = stem if suffix else base
    return stem.encode()[: NAME_BYTES - len(suffix.encode())].decode(errors="ignore") + suffix
