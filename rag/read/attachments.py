"""The files that a mail carries, of EML through the standard library and of MSG through olefile."""

from __future__ import annotations

import email
import email.message
import email.policy
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.utils import formataddr
from pathlib import Path
from typing import Any

from rag.read import sniff

DEEPEST = 8
"""Mails inside mails that are unfolded in one file."""
_NO_DOCUMENTS = frozenset(
    {
        "application/pgp-signature",
        "application/pgp-keys",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/applefile",
    }
)
"""Signatures and keys: part of how a mail was sent, not of what it says."""
_ATTACHMENT = "__attach_version1.0_#"


def of_mail(path: Path, media_type: str, *, inline_bytes: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each attachment; a mail inside the mail is one too.

    Left out are signatures and keys, and pictures shown inside the text (with a Content-ID, or disposed inline) that are
    smaller than `inline_bytes`: those are logos, smileys and tracking points.
    """
    if media_type == sniff.MSG:
        import olefile

        with olefile.OleFileIO(path) as ole:
            message = _message(ole, [], depth=0)
            yield from _leaves(message, inline_bytes)
        return
    # compat32 takes every header as it is; the newer policies fail on malformed ones
    yield from _leaves(email.message_from_bytes(path.read_bytes()), inline_bytes)


def _leaves(message: email.message.Message, inline_bytes: int) -> Iterator[tuple[str, bytes]]:
    for part in _parts(message):
        kind = part.get_content_type()
        name = _name(part)
        if kind == "message/rfc822":
            inner = part.get_payload(0) if isinstance(part.get_payload(), list) else None
            if isinstance(inner, email.message.Message):
                yield name or f"{_subject(inner)}.eml", inner.as_bytes()
            continue
        disposed = part.get_content_disposition()
        if kind in _NO_DOCUMENTS or (kind in ("text/plain", "text/html") and disposed != "attachment" and not name):
            continue
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes) or not data:
            continue
        inline = part.get("Content-ID") is not None or disposed == "inline"
        if kind.startswith("image/") and inline and len(data) < inline_bytes:
            continue
        yield name or f"unnamed.{kind.rsplit('/', 1)[-1][:10]}", data


def _parts(message: email.message.Message) -> Iterator[email.message.Message]:
    """The leaves; a mail inside the mail counts as one."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        inner = part.get_payload()
        if part.get_content_type() != "message/rfc822" and isinstance(inner, list):
            waiting = [one for one in inner if isinstance(one, email.message.Message)] + waiting
        else:
            yield part


def _name(part: email.message.Message) -> str:
    raw = part.get_filename() or ""
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError):
        return raw


def _subject(message: email.message.Message) -> str:
    try:
        subject = str(make_header(decode_header(str(message.get("Subject") or ""))))
    except (LookupError, ValueError):
        subject = ""
    return re.sub(r"[\\/\s]+", " ", subject).strip()[:80] or "message"


# ------------------------------------------------------------------------------------------------------- Outlook


def _message(ole: Any, place: list[str], *, depth: int) -> email.message.EmailMessage:
    """A MAPI message as MIME: addresses, subject, text and attachments; mails inside it are unfolded as well."""
    mail = email.message.EmailMessage()
    sender, address = _text(ole, place, "0C1A"), _text(ole, place, "5D01") or _text(ole, place, "0C1F")
    if sender or address:
        mail["From"] = formataddr((_line(sender), _line(address) if address.isascii() else ""))
    for header, tag in (("To", "0E04"), ("Cc", "0E03"), ("Subject", "0037")):
        if value := _line(_text(ole, place, tag)):
            mail[header] = value
    text = _text(ole, place, "1000")
    markup = _text(ole, place, "1013") or _bytes(ole, place, "1013", "0102").decode("utf-8", "replace")
    if text or not markup:
        mail.set_content(text)
    if markup:
        mail.add_alternative(markup, subtype="html") if text else mail.set_content(markup, subtype="html")
    for folder in sorted({entry[len(place)] for entry in ole.listdir() if entry[: len(place)] == place}):
        if folder.startswith(_ATTACHMENT):
            _attach(mail, ole, [*place, folder], depth=depth)
    return mail


def _attach(mail: email.message.EmailMessage, ole: Any, place: list[str], *, depth: int) -> None:
    name = _text(ole, place, "3707") or _text(ole, place, "3704") or _text(ole, place, "3001")
    inner = [*place, "__substg1.0_3701000D"]
    if ole.exists("/".join([*inner, "__properties_version1.0"])):
        if depth < DEEPEST:
            nested = _message(ole, inner, depth=depth + 1)
            mail.add_attachment(nested, filename=f"{_subject(nested)}.eml")
        return
    data = _bytes(ole, place, "3701", "0102")
    kind = _text(ole, place, "370E").lower()
    main, _, sub = kind.partition("/")
    if not (re.fullmatch(r"[a-z]+", main) and re.fullmatch(r"[a-z0-9.+-]+", sub)) or main in ("multipart", "message"):
        main, sub = "application", "octet-stream"
    mark = _text(ole, place, "3712")
    if data:
        if mark and main != "image" and data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
            main, sub = "image", "x-unknown"
        mail.add_attachment(
            data, maintype=main, subtype=sub, filename=_line(name) or None, cid=f"<{_line(mark)}>" if mark else None
        )


def _text(ole: Any, place: list[str], tag: str) -> str:
    """A string property, Unicode or in the old 8-bit form."""
    wide = _bytes(ole, place, tag, "001F")
    return (wide.decode("utf-16-le", "replace") or _bytes(ole, place, tag, "001E").decode("cp1252", "replace")).rstrip(
        "\x00"
    )


def _bytes(ole: Any, place: list[str], tag: str, kind: str) -> bytes:
    stream = "/".join([*place, f"__substg1.0_{tag}{kind}"])
    data: bytes = ole.openstream(stream).read() if ole.exists(stream) else b""
    return data


def _line(text: str) -> str:
    """One line: header injection is a way into parsers too."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
