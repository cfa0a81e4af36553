"""Files inside files: the members of a ZIP, the attachments of a mail, written out one by one. Runs in the sandbox."""

from __future__ import annotations

import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DamagedFile, EncryptedFile, InvalidInput, ParserLimit, TooLarge
from rag.intake.names import clutter
from rag.read import attachments, sniff
from rag.settings import Limits

NAME_CHARS = 300
"""Longest path of a member that is kept; longer ones lose their beginning."""
SANE_BYTES = 64 * 2**20
"""What an archive may unpack to whatever its ratio: small archives of text pack well."""
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """One file inside another. The i-th found lies in the folder under the name `i`, unless it has an `error`."""

    name: str
    media_type: str = ""
    error: Mapping[str, Any] | None = None


def unpack(path: Path, folder: Path, *, media_type: str, limits: Limits) -> tuple[Found, ...]:
    """Write out what an archive or mail holds, into `folder`; a member that cannot be had is found with its error.

    Raises ParserLimit over `limits.archive_members`, `archive_bytes` or `archive_ratio`, and DamagedFile.
    """
    if media_type == sniff.ZIP:
        return tuple(_zip(path, folder, limits))
    try:
        found = attachments.of_mail(path, media_type, inline_bytes=limits.inline_picture_bytes)
        return tuple(_mail(found, folder, limits))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DamagedFile(f"The attachments of the mail cannot be told apart ({error}).") from error


def _mail(found: Iterator[tuple[str, bytes]], folder: Path, limits: Limits) -> Iterator[Found]:
    for number, (name, data) in enumerate(found):
        if number >= limits.archive_members:
            raise _too_many(number + 1, limits)
        target = folder / str(number)
        target.write_bytes(data)
        yield _checked(target, tidy(name), limits)


def _zip(path: Path, folder: Path, limits: Limits) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and not clutter(entry.filename)]
            _refuse_bombs(entries, path.stat().st_size, limits)
            room = limits.archive_bytes
            for number, entry in enumerate(entries):
                target = folder / str(number)
                name = tidy(_decoded(entry))
                try:
                    room -= _write(archive, entry, target, min(room, limits.upload_bytes), limits)
                    yield _checked(target, name, limits)
                except InvalidInput as error:
                    target.unlink(missing_ok=True)
                    if room <= 0:
                        raise
                    yield Found(name, error=error.as_dict())
    except (zipfile.BadZipFile, OSError, EOFError, UnicodeDecodeError) as error:
        raise DamagedFile(f"The archive is damaged ({error}).") from error


def _refuse_bombs(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    """By what the directory declares, before a byte is unpacked; what is unpacked is counted as well."""
    if len(entries) > limits.archive_members:
        raise _too_many(len(entries), limits)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.archive_bytes:
        raise _too_big(unpacked)
    if unpacked > max(SANE_BYTES, limits.archive_ratio * packed):
        raise ParserLimit(
            f"The archive unpacks to {unpacked // max(1, packed)} times its size, which only bombs do.",
            "Pack it anew, or raise `limits.archive_ratio`.",
        )


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, at_most: int, limits: Limits) -> int:
    """Bytes written. Raises EncryptedFile, TooLarge, DamagedFile for this member alone."""
    if entry.flag_bits & 1:
        raise EncryptedFile("This member of the archive is encrypted.", "Unpack the archive and send the file itself.")
    if entry.file_size > limits.upload_bytes:
        raise TooLarge(f"This member of the archive has {entry.file_size / 2**20:.0f} MiB.")
    written = 0
    try:
        with archive.open(entry) as source, target.open("wb") as file:
            while piece := source.read(_PIECE):
                written += len(piece)
                if written > at_most:
                    raise TooLarge("This member of the archive is larger than it says.")
                file.write(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DamagedFile(f"This member of the archive cannot be unpacked ({error}).") from error
    return written


def _checked(path: Path, name: str, limits: Limits) -> Found:
    """Its type by its content, or why it is not taken."""
    try:
        if path.stat().st_size > limits.upload_bytes:
            raise TooLarge(f"The attachment has {path.stat().st_size / 2**20:.0f} MiB.")
        return Found(name, sniff.sniff(path, name))
    except InvalidInput as error:
        path.unlink()
        return Found(name, error=error.as_dict())


def tidy(name: str) -> str:
    """A path without '..', empty parts, control and direction characters, at most NAME_CHARS characters."""
    visible = "".join(c for c in name.replace("\\", "/") if unicodedata.category(c)[0] != "C")
    parts = [part.strip() for part in visible.split("/")]
    kept = "/".join(part for part in parts if part not in ("", ".", ".."))
    return kept[-NAME_CHARS:].lstrip("/") or "unnamed"


def _decoded(entry: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag are read as code page 437; most packers wrote UTF-8 all the same."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return entry.filename


def _too_many(count: int, limits: Limits) -> ParserLimit:
    return ParserLimit(
        f"The archive holds {count} files or more, over {limits.archive_members}.",
        "Split it, or raise `limits.archive_members`.",
    )


def _too_big(size: int) -> ParserLimit:
    return ParserLimit(f"The archive unpacks to {size / 2**20:.0f} MiB.", "Split it, or raise `limits.archive_bytes`.")
