"""Passwords of documents: used once to make a copy without encryption, then forgotten.

The copy lies beside the original in the blob store, where the text of every page lies as well (in the database); the
password itself is in no row, blob, log or error.
"""

from __future__ import annotations

from rag.errors import Conflict, EncryptedFile, NotReady, RedwellError
from rag.intake import originals
from rag.intake.antivirus import check_clean
from rag.model import Document
from rag.services import Services


async def unlock(key: str, *, filename: str, password: str | None, services: Services) -> str | None:
    """Media type of the copy that was made of the blob; None where no password was given or none is needed.

    Raises EncryptedFile when it is wrong, Infected when a scanner finds in the copy what it could not see before.
    """
    if not password:
        return None
    target = originals.unlocked(key)
    media_type = await services.reader.unlock(key, filename=filename, password=password, target=target)
    scanner = services.settings.antivirus
    if media_type is not None and scanner.address:
        try:
            await check_clean(await services.state.blobs.get(target), filename, scanner)
        except RedwellError:
            await services.state.blobs.delete(target)
            raise
    return media_type


async def retry(
    document: Document, services: Services, *, force: bool = False, password: str | None = None
) -> Document:
    """Queue what failed again, with the copy that the password opens. Raises EncryptedFile, NotReady, Conflict."""
    media_type = await unlock(document.blob, filename=document.filename, password=password, services=services)
    return await services.state.documents.retry(document.id, force=force, unlocked_as=media_type)


async def sent_again(document: Document, media_type: str, services: Services) -> Document:
    """A file that is there and failed for want of its password was sent once more, with it."""
    if document.unlocked or (document.error or {}).get("code") != EncryptedFile.code:
        return document
    try:
        return await services.state.documents.retry(document.id, unlocked_as=media_type)
    except (NotReady, Conflict):  # another request was faster
        return document
