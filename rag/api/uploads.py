"""The way in: a multipart upload becomes a durable blob and a durable row before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from rag.access.audit import noted
from rag.access.principal import writable
from rag.callbacks.webhooks import checked_url
from rag.errors import EmptyFile, InvalidInput, QuotaExceeded, RedwellError
from rag.intake.antivirus import Infected, check_upload
from rag.intake.names import collection_name, safe_filename
from rag.intake.originals import copies, original
from rag.intake.spool import spool
from rag.intake.unlocking import sent_again, unlock
from rag.read.sniff import sniff
from rag.services import Services

PASSWORD_CHARS = 1024


@dataclass(frozen=True, slots=True)
class Form:
    files: tuple[UploadFile, ...]
    collection: str
    metadata: dict[str, Any]
    language: str | None
    password: str | None = field(default=None, repr=False)
    callback_url: str | None = None


@asynccontextmanager
async def upload_form(request: Request, services: Services, *, field: str = "files") -> AsyncIterator[Form]:
    """The parsed form; its temporary files are gone afterwards. Raises InvalidInput."""
    most = services.settings.limits.files_per_upload
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InvalidInput("The body is not multipart/form-data.", f"Send the file in the form field `{field}`.")
    try:
        data = await request.form(max_files=most, max_fields=50)
    except MultiPartException as error:
        raise InvalidInput(f"The form cannot be parsed: {error.message}") from error
    except HTTPException as error:  # what starlette makes of it inside an application
        raise InvalidInput(f"The form cannot be parsed: {error.detail}") from error
    try:
        yield _form(data, field)
    finally:
        await data.close()


def _form(data: FormData, field: str) -> Form:
    files = tuple(item for item in data.getlist(field) if isinstance(item, UploadFile))
    if not files:
        raise InvalidInput(f"There is no file in the form field `{field}`.", f"curl -F {field}=@lease.pdf ...")
    return Form(
        files,
        writable(collection_name(str(data.get("collection") or "default"))),
        _metadata(data.get("metadata")),
        str(data["language"]) if data.get("language") else None,
        str(data["password"])[:PASSWORD_CHARS] if data.get("password") else None,
        str(data["callback_url"]) if data.get("callback_url") else None,
    )


def _metadata(raw: object) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        value = json.loads(str(raw))
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"`metadata` is not JSON: {error}.", 'Send an object, e.g. {"matter": "2024-17"}.'
        ) from error
    if not isinstance(value, dict):
        raise InvalidInput("`metadata` is not a JSON object.", 'Send an object, e.g. {"matter": "2024-17"}.')
    return value


async def store_upload(file: UploadFile, form: Form, services: Services) -> dict[str, Any]:
    """One file: blob first, then row and job in one transaction. Returns its line of the response."""
    filename = safe_filename(file.filename)
    with tempfile.TemporaryDirectory(prefix="redwell-upload-") as folder:
        path = Path(folder) / "upload"
        sha256, size = await asyncio.to_thread(spool, file.file, path)
        if size == 0:
            raise EmptyFile(f"'{filename}' is empty.")
        await check_upload(path, sha256, filename, services.settings.antivirus, services.state.blobs)
        media_type = await asyncio.to_thread(sniff, path, filename)
        key = original(sha256)
        if not await services.state.blobs.exists(key):
            await services.state.blobs.put_file(key, path)
        try:
            unlocked = await unlock(key, filename=filename, password=form.password, services=services)
        except RedwellError:
            await _forget(key, sha256, services)
            raise
        try:
            document, duplicate = await services.state.documents.add(
                filename=filename,
                media_type=unlocked or media_type,
                sha256=sha256,
                size=size,
                collection=form.collection,
                metadata=form.metadata,
                language=form.language,
                unlocked=unlocked is not None,
            )
        except QuotaExceeded:
            await _forget(key, sha256, services)
            raise
        if duplicate and unlocked:
            document = await sent_again(document, unlocked, services)
        if not await services.state.blobs.exists(key):
            # The last other document with these bytes was deleted between the two: its blob went with it.
            await services.state.blobs.put_file(key, path)
    noted(document.id)
    if form.callback_url:
        await services.state.callbacks.add(document.id, form.callback_url)
    return {"id": document.id, "filename": document.filename, "status": document.status.value, "duplicate": duplicate}


async def _forget(key: str, sha256: str, services: Services) -> None:
    """The bytes of a file that was refused after they were stored, unless another document has them."""
    if not await services.state.documents.has_original(sha256):
        for blob in (key, *copies(key)):
            await services.state.blobs.delete(blob)


async def store_uploads(form: Form, services: Services) -> list[dict[str, Any]]:
    """Every file of the form; one that is refused does not sink the others. Raises when all are refused."""
    if form.callback_url:
        checked_url(form.callback_url, secret=services.settings.webhooks.secret)
    lines: list[dict[str, Any]] = []
    refusals: list[RedwellError] = []
    for file in form.files:
        try:
            lines.append(await store_upload(file, form, services))
        except (InvalidInput, QuotaExceeded) as error:
            refusals.append(error)
            name = safe_filename(file.filename)
            status = "quarantined" if isinstance(error, Infected) else "rejected"
            lines.append({"filename": name, "status": status, "duplicate": False, "error": error.as_dict()})
    if len(refusals) == len(lines):
        raise refusals[0]
    return lines
