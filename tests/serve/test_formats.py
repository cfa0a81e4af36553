"""What comes inside mails and archives, and files with a password, on the real stack."""

import io
import zipfile
from email.message import EmailMessage
from uuid import uuid4

import pikepdf

from tests.conftest import SAMPLES


def _mail() -> bytes:
    """A mail with an archive, which holds a scanned letter and a note."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(SAMPLES / "letter-insurance-claim-scan.pdf", "2025/claim.pdf")
        archive.writestr("2025/note.txt", "The lighthouse keeper Odette Marlow was paid 312.50 EUR on 9 March 2025.")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "Claim and note"
    mail.set_content("Please find the claim and a note for the lighthouse attached.")
    mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="papers.zip")
    return mail.as_bytes()


def test_what_a_mail_carries_is_read_cited_and_deleted_with_it(client):
    collection = f"mails-{uuid4().hex[:8]}"
    [receipt] = client.upload([("claim.eml", _mail())], collection=collection)
    mail = client.wait(receipt.id)
    [archive] = [client.wait(one.id) for one in client.documents(parent_id=mail.id)]
    members = {one.filename.rsplit("/", 1)[-1]: client.wait(one.id) for one in client.documents(parent_id=archive.id)}
    assert {name: (one.status, one.error) for name, one in members.items()} == {
        "claim.pdf": ("ready", None),
        "note.txt": ("ready", None),
    }
    page = client.page(members["claim.pdf"].id, 1)
    assert page.source == "ocr"
    assert len(page.words) > 50
    answer = client.ask("How much was the lighthouse keeper paid?", collection=collection)
    assert "312.50" in answer.answer
    assert answer.citations[0].document_id == members["note.txt"].id
    client.delete(mail.id)
    assert list(client.documents(collection=collection)) == []


def test_a_password_opens_a_file_and_is_in_no_file_of_the_service(client, stack):
    secret = "tidewatch-Qz71-secret"
    locked = io.BytesIO()
    with pikepdf.open(SAMPLES / "invoice-northgate-1187.pdf") as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user=secret, owner=secret))
    [receipt] = client.upload([("locked.pdf", locked.getvalue())], collection="locked")
    failed = client.wait(receipt.id)
    assert (failed.status, failed.error.code) == ("failed", "encrypted_file")
    client.retry(receipt.id, password=secret)
    opened = client.wait(receipt.id)
    assert opened.status == "ready"
    assert len(client.page(opened.id, 1).words) > 50
    assert client.original(opened.id) == locked.getvalue()
    if stack.pid:
        written = [path for path in stack.data_dir.rglob("*") if path.is_file()]
        assert written
        assert not [path for path in written if secret.encode() in path.read_bytes()]
        assert secret not in (stack.data_dir.parent / "serve.log").read_text(errors="replace")
    client.delete(opened.id)
