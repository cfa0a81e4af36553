"""What is to be loaded: folders, globs, single files, buckets, web addresses and manifests become `SourceItem`s.

Nothing is read here beyond names, sizes and fingerprints; `fetched` brings one file's bytes to a local path.
"""

from __future__ import annotations

import csv
import glob
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from ingestion.web import download
from rag.errors import InvalidInput, NotFound, TooLarge, Unavailable
from rag.intake.names import clutter, hidden

BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
WEB = ("http", "https")
MANIFEST_KEYS = ("uri", "path", "url", "file")
_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One file to load. `uri` is an absolute path or a URL; it names the file in all runs."""

    uri: str
    filename: str
    size: int | None = None
    fingerprint: str = ""
    """Changes when the content does: ETag, or size and time of change. Empty: only its bytes tell."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    collection: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns over the path relative to its source (and over the bare name); without hidden files by default."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False

    def takes(self, relative: str) -> bool:
        path = PurePosixPath(relative)
        if clutter(relative) or (not self.hidden and hidden(relative)):
            return False

        def matches(patterns: Sequence[str]) -> bool:
            return any(fnmatch(relative, pattern) or fnmatch(path.name, pattern) for pattern in patterns)

        return (not self.include or matches(self.include)) and not matches(self.exclude)


def items(sources: Sequence[str], selection: Selection = Selection()) -> Iterator[SourceItem]:
    """Every file that the sources name, each URI once, source by source, by name within one.

    Raises NotFound for a source that names nothing, InvalidInput for an address of a kind that is not read.
    """
    seen: set[str] = set()
    for source in sources:
        for item in _expanded(source, selection):
            if item.uri not in seen:
                seen.add(item.uri)
                yield item


def manifest(path: Path, selection: Selection = Selection()) -> Iterator[SourceItem]:
    """The files that a CSV (with a header) or a JSON-lines file lists.

    Each row names its file by `uri`, `path`, `url` or `file` (relative paths: from the manifest's folder) and may give
    `filename`, `collection` and `language`. In CSV every other column is metadata; in JSON lines `metadata` is an
    object. Raises InvalidInput naming the line that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The manifest {path} cannot be read: {error}", "Save it as UTF-8 text.") from error
    rows = _csv_rows(text) if path.suffix.lower() == ".csv" else _json_rows(text, path)
    for number, row in rows:
        uri = next((str(row.pop(key)) for key in MANIFEST_KEYS if row.get(key)), "")
        if not uri:
            raise InvalidInput(
                f"{path.name}, line {number}: no file is named.", f"Give one of {', '.join(MANIFEST_KEYS)} in each row."
            )
        if not _scheme(uri):
            uri = str((path.parent / uri).resolve())
        given: dict[str, Any] = {
            key: str(row.pop(key)) for key in ("filename", "collection", "language") if row.get(key)
        }
        metadata = row.pop("metadata", None) or {}
        if not isinstance(metadata, dict):
            raise InvalidInput(f"{path.name}, line {number}: `metadata` is no object.", 'e.g. {"matter": "2024-17"}')
        extra = {key: value for key, value in row.items() if value not in (None, "") and key not in MANIFEST_KEYS}
        extra = {key: value for key, value in extra.items() if key not in ("filename", "collection", "language")}
        for item in _expanded(uri, selection):
            yield replace(item, metadata={**extra, **metadata}, **given)


@contextmanager
def fetched(item: SourceItem, *, limit: int, private: bool = False) -> Iterator[Path]:
    """A local path with the file's bytes, valid inside the context. Blocking.

    `private`: web servers at addresses that are not public too, else Forbidden. Raises NotFound, TooLarge over `limit` bytes,
    Unavailable when the store cannot be reached.
    """
    scheme = _scheme(item.uri)
    if not scheme:
        path = Path(item.uri)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise _gone(item.uri, error) from error
        if size > limit:
            raise _too_large(item.uri, size, limit)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="redwell-source-") as folder:
        path = Path(folder) / "file"
        if scheme in WEB:
            download(item.uri, path, limit=limit, private=private)
        else:
            _copy(item.uri, path, limit)
        yield path


def _expanded(source: str, selection: Selection) -> Iterator[SourceItem]:
    scheme = _scheme(source)
    if scheme in WEB:
        yield _web_item(source)
    elif scheme in BUCKETS:
        yield from _bucket(source, selection)
    elif scheme in ("", "file"):
        yield from _local(source.removeprefix("file://"), selection)
    else:
        known = ", ".join((*BUCKETS, *WEB))
        raise InvalidInput(f"Sources of the kind '{scheme}://' are not read.", f"Use a path or one of: {known}.")


def _scheme(source: str) -> str:
    scheme, mark, _ = source.partition("://")
    return scheme.lower() if mark else ""


def _local(source: str, selection: Selection) -> Iterator[SourceItem]:
    path = Path(source).expanduser()
    if path.is_dir():
        yield from _folder(path.resolve(), selection)
    elif path.is_file():
        yield _file_item(path.resolve())
    elif _MAGIC & set(source):
        found = sorted(glob.glob(str(path), recursive=True))
        files = [Path(name).resolve() for name in found if Path(name).is_file()]
        if not files:
            raise NotFound(
                f"No file matches {source}.", "Check the pattern; quote it so that the shell leaves it alone."
            )
        yield from (_file_item(file) for file in files if selection.takes(file.name))
    else:
        raise NotFound(f"There is no file or folder {source}.", "Check the path.")


def _folder(root: Path, selection: Selection) -> Iterator[SourceItem]:
    """Depth first by name, without holding the whole tree: a folder of millions lists in constant memory."""
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries)
    yield from _walk(root, root, names, selection)


def _walk(root: Path, folder: Path, names: Sequence[str], selection: Selection) -> Iterator[SourceItem]:
    for name in names:
        path = folder / name
        if path.is_dir():
            if path.is_symlink() or (name.startswith(".") and not selection.hidden):
                continue  # a link may lead in circles
            try:
                inner = sorted(os.listdir(path))
            except PermissionError:
                continue
            yield from _walk(root, path, inner, selection)
        elif path.is_file() and selection.takes(path.relative_to(root).as_posix()):
            yield _file_item(path)


def _file_item(path: Path) -> SourceItem:
    try:
        stat = path.stat()
    except OSError as error:
        raise _gone(str(path), error) from error
    return SourceItem(str(path), path.name, stat.st_size, f"{stat.st_size}-{stat.st_mtime_ns}")


def _bucket(source: str, selection: Selection) -> Iterator[SourceItem]:
    from rag.store.buckets import file_system

    scheme = source.partition("://")[0]
    base = source.rstrip("/")
    pattern = ""
    if _MAGIC & set(base):
        parts = base.split("/")
        first = next(index for index, part in enumerate(parts) if _MAGIC & set(part))
        base, pattern = "/".join(parts[:first]), "/".join(parts[first:])
    store, root = file_system(base)
    root = root.rstrip("/")
    try:
        store.invalidate_cache()
        found: dict[str, Any] = (
            {root: store.info(root)} if "/" in root.strip("/") and store.isfile(root) else store.find(root, detail=True)
        )
    except FileNotFoundError:
        found = {}
    except Exception as error:  # behind fsspec each cloud's library raises errors of its own
        raise Unavailable(
            f"{base} cannot be listed: {error}", "Check the bucket's name and the credentials."
        ) from error
    if not found:
        raise NotFound(f"There is nothing under {source}.", "Check the bucket and the prefix.")
    for name in sorted(found):
        details = found[name]
        relative = name.removeprefix(root).lstrip("/") or PurePosixPath(name).name
        if details.get("type") == "directory" or not selection.takes(relative):
            continue
        if pattern and not fnmatch(relative, pattern):
            continue
        tag = details.get("e_tag") or details.get("ETag") or details.get("last_modified") or details.get("mtime") or ""
        size = details.get("size")
        fingerprint = f"{size}-{str(tag).strip(chr(34))}" if tag else ""
        uri = f"{scheme}://{name.removeprefix('/')}" if scheme != "memory" else f"memory://{name}"
        yield SourceItem(uri, PurePosixPath(name).name, size, fingerprint)


def _web_item(url: str) -> SourceItem:
    parts = urlsplit(url)
    if not parts.hostname:
        raise InvalidInput(f"'{url}' is no web address.", "Write it as https://host/path.")
    return SourceItem(url, unquote(PurePosixPath(parts.path).name) or parts.hostname)


def _copy(uri: str, path: Path, limit: int) -> None:
    from rag.store.buckets import file_system

    store, name = file_system(uri)
    try:
        size = int(store.info(name).get("size") or 0)
        if size > limit:
            raise _too_large(uri, size, limit)
        store.get_file(name, str(path))
    except (FileNotFoundError, TooLarge) as error:
        raise _gone(uri, error) if isinstance(error, FileNotFoundError) else error from error
    except Exception as error:  # behind fsspec each cloud's library raises errors of its own
        raise Unavailable(f"{uri} cannot be read: {error}") from error


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(csv.DictReader(text.splitlines()), 2):
        yield number, {(key or "").strip(): value for key, value in row.items() if isinstance(value, str)}


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    allowed = {*MANIFEST_KEYS, "filename", "collection", "language", "metadata"}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InvalidInput(f"{path.name}, line {number}: {error}.", "Write one JSON object a line.") from error
        if not isinstance(row, dict) or (unknown := set(row) - allowed):
            what = f"unknown keys {', '.join(sorted(unknown))}" if isinstance(row, dict) else "no object"
            raise InvalidInput(f"{path.name}, line {number}: {what}.", f"Keys: {', '.join(sorted(allowed))}.")
        yield number, row


def _gone(uri: str, error: Exception) -> NotFound:
    return NotFound(
        f"{uri} cannot be read: {getattr(error, 'strerror', None) or 'it is not there'}.", "Check the path."
    )


def _too_large(uri: str, size: int, limit: int) -> TooLarge:
    return TooLarge(f"{uri} has {size} bytes or more; the limit is {limit}.")
