"""Copies without encryption, of PDFs and office files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from rag.errors import EncryptedFile
from rag.read import sniff
from rag.read.unlock import unlock


def pdf(path: Path, *, user: str) -> Path:
    import pikepdf

    document = pikepdf.new()
    document.add_blank_page(page_size=(200, 200))
    document.save(path, encryption=pikepdf.Encryption(owner="owner", user=user, R=6) if user or user == "" else None)
    return path


def workbook(path: Path, password: str | None = None) -> Path:
    import openpyxl
    from msoffcrypto.format.ooxml import OOXMLFile

    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    if password is None:
        path.write_bytes(buffer.getvalue())
    else:
        with path.open("wb") as file:
            OOXMLFile(buffer).encrypt(password, file)
    return path


def test_a_pdf_is_decrypted(tmp_path: Path) -> None:
    import pikepdf

    target = tmp_path / "plain"
    assert unlock(pdf(tmp_path / "a.pdf", user="geheim"), target, media_type=sniff.PDF, password="geheim")
    with pikepdf.open(target) as plain:
        assert not plain.is_encrypted
        assert len(plain.pages) == 1


def test_an_empty_user_password_needs_none(tmp_path: Path) -> None:
    target = tmp_path / "plain"
    assert not unlock(pdf(tmp_path / "a.pdf", user=""), target, media_type=sniff.PDF, password="x")
    assert not target.exists()


def test_a_workbook_is_decrypted(tmp_path: Path) -> None:
    locked, target = workbook(tmp_path / "a.xlsx", "geheim"), tmp_path / "plain"
    assert sniff.sniff(locked, "a.xlsx") == sniff.LOCKED
    assert unlock(locked, target, media_type=sniff.LOCKED, password="geheim")
    assert sniff.sniff(target, "a.xlsx") == sniff.XLSX


@pytest.mark.parametrize("kind", [sniff.PDF, sniff.LOCKED])
def test_a_wrong_password_is_said_but_not_told(tmp_path: Path, kind: str) -> None:
    make = pdf(tmp_path / "a", user="geheim") if kind == sniff.PDF else workbook(tmp_path / "a", "geheim")
    with pytest.raises(EncryptedFile) as caught:
        unlock(make, tmp_path / "plain", media_type=kind, password="falsch")
    assert "falsch" not in str(caught.value) + caught.value.remedy


def test_what_is_not_encrypted_needs_no_password(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Rent")
    assert not unlock(tmp_path / "a.txt", tmp_path / "plain", media_type=sniff.PLAIN, password="x")
