"""Copies without encryption, made once with the password that was given. Runs in the sandbox."""

from __future__ import annotations

import io
from pathlib import Path

from rag.errors import DamagedFile, EncryptedFile
from rag.read import sniff

WRONG = "The password does not open the file."
_OFFICE = frozenset({sniff.LOCKED, sniff.DOC, sniff.XLS, sniff.PPT})


def unlock(path: Path, target: Path, *, media_type: str, password: str) -> bool:
    """Write a copy without encryption to `target`; False, and nothing written, where no password is needed.

    Raises EncryptedFile for a wrong password, DamagedFile.
    """
    if media_type == sniff.PDF:
        return _pdf(path, target, password)
    if media_type in _OFFICE:
        return _office(path, target, password)
    return False


def _pdf(path: Path, target: Path, password: str) -> bool:
    import pikepdf

    try:
        with pikepdf.open(path, suppress_warnings=True):
            return False  # not encrypted, or with an empty user password
    except pikepdf.PasswordError:
        pass
    except (pikepdf.PdfError, OSError, ValueError):
        return False  # damaged: reading it says how
    try:
        with pikepdf.open(path, password=password, suppress_warnings=True) as document:
            document.save(target)
    except pikepdf.PasswordError as error:
        raise EncryptedFile(WRONG, "Send the right one as `password`.") from error
    except (pikepdf.PdfError, OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedFile("The PDF is damaged and cannot be decrypted.") from error
    return True


def _office(path: Path, target: Path, password: str) -> bool:
    import msoffcrypto
    from msoffcrypto import exceptions

    plain = io.BytesIO()
    try:
        with path.open("rb") as source:
            document = msoffcrypto.OfficeFile(source)
            if not document.is_encrypted():
                return False
            # the old formats always verify
            document.load_key(password=password, **({"verify_password": True} if document.format == "ooxml" else {}))
            document.decrypt(plain)
    except exceptions.InvalidKeyError as error:
        raise EncryptedFile(WRONG, "Send the right one as `password`.") from error
    except (exceptions.DecryptionError, exceptions.ParseError, exceptions.FileFormatError) as error:
        raise EncryptedFile(
            f"The file is protected by a scheme that is not known ({error}).", "Save an unprotected copy and send that."
        ) from error
    target.write_bytes(plain.getvalue())
    return True
