"""Old office formats and RTF to current ones, through LibreOffice where it is installed. Runs in the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from rag.errors import DamagedFile, EncryptedFile, ParserLimit, UnsupportedType
from rag.read import sniff

PACKAGES = "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui"
_INTO = {
    sniff.DOC: (sniff.DOCX, ".doc", "docx"),
    sniff.RTF: (sniff.DOCX, ".rtf", "docx"),
    sniff.XLS: (sniff.XLSX, ".xls", "xlsx"),
    sniff.PPT: (sniff.PPTX, ".ppt", "pptx"),
}
_ITEM = '<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
_PROFILE = (
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Writer/Content/Update", "Link", "0"),
    ("Calc/Content/Update", "Link", "1"),
)
"""No macros, and nothing that the document only links to is fetched or opened."""


def program() -> str | None:
    """Path of LibreOffice, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def convert(path: Path, target: Path, *, media_type: str, wall: float) -> str:
    """Write the file in a current format to `target`; its media type.

    Raises UnsupportedType where LibreOffice is missing, EncryptedFile, DamagedFile, ParserLimit after `wall` seconds.
    """
    into, suffix, name = _INTO[media_type]
    soffice = program()
    if soffice is None:
        raise UnsupportedType(
            f"Files of type {media_type} are read through LibreOffice, which is not installed.",
            f"As root: apt-get install --no-install-recommends {PACKAGES}. Or save the file as {name.upper()} or PDF.",
        )
    if media_type != sniff.RTF:
        _refuse_encrypted(path)
    folder = target.parent / "libreoffice"
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_settings())
    source = folder / f"document{suffix}"
    shutil.copyfile(path, source)
    command = [
        soffice, "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo",
        f"-env:UserInstallation={profile.as_uri()}", "--convert-to", name, "--outdir", str(folder), str(source),
    ]  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(folder), "LANG": "C.UTF-8"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(wall)
        except subprocess.TimeoutExpired:
            process.kill()  # what it started ends with the group of this job (zygote.py)
            raise ParserLimit(
                f"LibreOffice took longer than {wall:.0f} s.", "Split the file, or raise `limits.parser_seconds`."
            ) from None
    made = folder / f"document.{name}"
    if not made.is_file():
        raise DamagedFile(
            "LibreOffice cannot open the file.", f"Open it in its own program and save it as {name.upper()}."
        )
    made.replace(target)
    return into


def _refuse_encrypted(path: Path) -> None:
    """LibreOffice would wait for a password that nobody types."""
    import msoffcrypto
    from msoffcrypto import exceptions

    try:
        with path.open("rb") as source:
            if msoffcrypto.OfficeFile(source).is_encrypted():
                raise EncryptedFile("The Office file is protected with a password.")
    except (exceptions.FileFormatError, exceptions.ParseError, OSError, ValueError, KeyError, IndexError):
        return  # LibreOffice says what is wrong with it


def _settings() -> str:
    items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _PROFILE)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{items}</oor:items>"
    )
