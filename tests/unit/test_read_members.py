"""Archives and mails taken apart: what is found, what is refused, what is bounded."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.errors import DamagedFile, ParserLimit
from rag.read import sniff
from rag.read.members import tidy, unpack
from rag.settings import Limits

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def taken(tmp_path: Path, data: bytes, media_type: str = sniff.ZIP, **limits: int):
    """What is found, and the bytes of each that was written."""
    path, folder = tmp_path / "file", tmp_path / "folder"
    path.write_bytes(data)
    folder.mkdir()
    found = unpack(path, folder, media_type=media_type, limits=Limits(**limits))
    return found, {found[int(file.name)].name: file.read_bytes() for file in folder.iterdir()}


def codes(found) -> dict[str, str]:
    return {one.name: one.error["code"] for one in found if one.error}


def test_members_keep_their_paths_and_bytes(tmp_path: Path) -> None:
    found, files = taken(tmp_path, packed({"a/lease.txt": b"Rent", "b.pdf": b"%PDF-1.4 x"}))
    assert [(one.name, one.media_type) for one in found] == [("a/lease.txt", sniff.PLAIN), ("b.pdf", sniff.PDF)]
    assert files == {"a/lease.txt": b"Rent", "b.pdf": b"%PDF-1.4 x"}


def test_what_the_machine_left_in_the_archive_is_no_document(tmp_path: Path) -> None:
    data = packed({"a.txt": b"Rent", "__MACOSX/._a.txt": b"x", "b/.DS_Store": b"x", "Thumbs.db": b"x"})
    assert [one.name for one in taken(tmp_path, data)[0]] == ["a.txt"]


def test_a_bad_member_does_not_sink_the_others(tmp_path: Path) -> None:
    data = packed({"good.txt": b"Rent", "empty.txt": b"", "tool.exe": b"MZ" + bytes(range(256)) * 4})
    found, files = taken(tmp_path, data)
    assert codes(found) == {"empty.txt": "empty_file", "tool.exe": "unsupported_type"}
    assert files == {"good.txt": b"Rent"}


def test_a_member_with_a_wrong_checksum_is_damaged(tmp_path: Path) -> None:
    data = bytearray(packed({"a.txt": b"The rent is due. " * 9, "b.txt": b"Rent"}))
    data[data.index(b"a.txt") + 8] ^= 0xFF
    found, files = taken(tmp_path, bytes(data))
    assert codes(found) == {"a.txt": "damaged_file"}
    assert files == {"b.txt": b"Rent"}


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    data = bytearray(packed({"a.txt": b"Rent"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert codes(taken(tmp_path, bytes(data))[0]) == {"a.txt": "encrypted_file"}


@pytest.mark.parametrize(
    ("files", "limits", "named"),
    [
        ({"a.txt": b"1", "b.txt": b"2"}, {"archive_members": 1}, "`limits.archive_members`"),
        ({"a.txt": b"x" * 5000}, {"archive_bytes": 4000}, "`limits.archive_bytes`"),
        ({"a.txt": bytes(70 * 2**20)}, {"archive_ratio": 100}, "`limits.archive_ratio`"),
    ],
)
def test_bombs_are_refused_by_the_name_of_the_limit(tmp_path: Path, files, limits, named) -> None:
    with pytest.raises(ParserLimit) as caught:
        taken(tmp_path, packed(files), **limits)
    assert named in caught.value.remedy


def test_a_member_that_is_larger_than_an_upload_is_too_large(tmp_path: Path) -> None:
    found, files = taken(tmp_path, packed({"a.txt": b"x" * 5000, "b.txt": b"Rent"}), upload_bytes=4000)
    assert codes(found) == {"a.txt": "too_large"}
    assert files == {"b.txt": b"Rent"}


def test_a_torn_archive_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile):
        taken(tmp_path, packed({"a.txt": b"Rent"})[:-30])


def test_names_cannot_leave_the_archive() -> None:
    assert tidy("../../etc/passwd") == "etc/passwd"
    assert tidy("C:\\docs\\..\\a\u202etxt.exe") == "C:/docs/atxt.exe"
    assert tidy("/") == "unnamed"


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = "a@example.com", "Rent"
    message.set_content("The rent is due.")
    message.add_alternative("<p>The rent is due.</p>", subtype="html")
    return message


def test_attachments_of_a_mail_but_not_its_text(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"a,b", maintype="text", subtype="csv", filename="Übersicht.csv")
    found, files = taken(tmp_path, message.as_bytes(), sniff.EML)
    assert [one.media_type for one in found] == [sniff.CSV]
    assert files == {"Übersicht.csv": b"a,b"}


def test_small_pictures_inside_the_text_are_left_out(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(PNG, maintype="image", subtype="png", filename="logo.png", cid="<1@x>")
    message.add_attachment(PNG + bytes(9000), maintype="image", subtype="png", filename="plan.png", cid="<2@x>")
    message.add_attachment(PNG, maintype="image", subtype="png", filename="photo.png")
    found, _ = taken(tmp_path, message.as_bytes(), sniff.EML, inline_picture_bytes=5000)
    assert [one.name for one in found] == ["plan.png", "photo.png"]


def test_a_mail_in_a_mail_is_one_attachment(tmp_path: Path) -> None:
    inner = mail()
    inner.add_attachment(b"1", maintype="text", subtype="csv", filename="inner.csv")
    outer = mail()
    outer.add_attachment(inner)
    found, files = taken(tmp_path, outer.as_bytes(), sniff.EML)
    assert [(one.name, one.media_type) for one in found] == [("Rent.eml", sniff.EML)]
    assert b"inner.csv" in files["Rent.eml"]


def test_signatures_are_no_documents(tmp_path: Path) -> None:
    message = mail()
    message.add_attachment(b"x", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert taken(tmp_path, message.as_bytes(), sniff.EML)[0] == ()
