"""From upload to record on the real stack."""

import io
import json

import pytest
from PIL import Image, ImageDraw, ImageFont

from rag.client import ApiError
from tests.conftest import SAMPLES

WITH_FIELDS = ("contract", "invoice", "letter", "receipt")
MANIFEST = {row["file"]: row for row in json.loads((SAMPLES / "manifest.json").read_text())}


def test_every_sample_is_ready_with_all_stages_done(client, library):
    for name, document_id in library.items():
        document = client.document(document_id)
        assert document.status == "ready", f"{name}: {document.error} {document.stages}"
        states = {stage: row.status for stage, row in document.stages.items()}
        # Types without a ready-made schema have no fields.
        assert states.pop("fields") == ("done" if document.classification.label in WITH_FIELDS else "skipped")
        assert states == dict.fromkeys(states, "done")
        assert document.page_count == MANIFEST[name]["pages"]
        assert document.summary
        assert document.summary.text


def test_types_of_samples_are_mostly_right(client, library):
    right = sum(client.document(i).classification.label == MANIFEST[name]["type"] for name, i in library.items())
    assert right >= 0.7 * len(library)


def test_text_layers_are_read_as_they_are_and_scans_by_ocr(client, library):
    lease = client.page(library["lease-harbour-street.pdf"], 1)
    amendment = client.page(library["lease-amendment-scan.pdf"], 1)
    assert (lease.source, lease.confidence) == ("text_layer", 1.0)
    assert amendment.source == "ocr"
    assert 0.7 < amendment.confidence < 1.0


def test_word_offsets_slice_to_the_word_and_boxes_lie_on_the_page(client, library):
    for name in ("lease-harbour-street.pdf", "lease-amendment-scan.pdf", "invoice-solvane-10517.png"):
        page = client.page(library[name], 1)
        assert len(page.words) > 50
        for word in page.words:
            assert page.text[word.start : word.end] == word.text
            x0, y0, x1, y1 = word.box
            assert -1 <= x0 < x1 <= page.width + 1
            assert -1 <= y0 < y1 <= page.height + 1


def test_entities_slice_to_their_mention(client, library):
    document = client.document(library["lease-harbour-street.pdf"])
    assert document.entities
    texts = {number: client.page(document.id, number).text for number in range(1, document.page_count + 1)}
    for entity in document.entities:
        assert entity.count == len(entity.mentions)
        for mention in entity.mentions:
            assert texts[mention.page][mention.start : mention.end].strip()
            assert mention.boxes


def test_the_same_bytes_again_are_a_duplicate(client, library):
    name = "lease-harbour-street.pdf"
    [receipt] = client.upload([SAMPLES / name], collection="samples")
    assert (receipt.id, receipt.duplicate) == (library[name], True)


def test_the_original_comes_back_byte_for_byte(client, library):
    name = "minutes-tenants-2025-06.tif"
    assert client.original(library[name]) == (SAMPLES / name).read_bytes()


def test_the_page_picture_marks_the_span(client, library):
    document_id = library["lease-harbour-street.pdf"]
    page = client.page(document_id, 1)
    word = max(page.words, key=lambda item: item.end - item.start)
    plain = Image.open(io.BytesIO(client.page_image(document_id, 1))).convert("RGB")
    marked = Image.open(io.BytesIO(client.page_image(document_id, 1, highlights=[(word.start, word.end)]))).convert(
        "RGB"
    )
    scale = plain.width / page.width
    middle = (round((word.box[0] + 1) * scale), round((word.box[1] + word.box[3]) / 2 * scale))
    far = (5, 5)
    assert plain.size == marked.size
    assert plain.getpixel(middle) != marked.getpixel(middle)
    assert plain.getpixel(far) == marked.getpixel(far)


def test_progress_comes_as_events_that_end(client):
    [receipt] = client.upload(
        [("note.txt", b"The boiler was serviced by Harald Nilsen on 3 May 2025.")], collection="events"
    )
    seen = [document.status for document in client.events(receipt.id)]
    assert seen[-1] == "ready"
    client.delete(receipt.id)


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("empty.pdf", b"", 422, "empty_file"),
        ("program.exe", b"MZ" + bytes(range(256)) * 40, 415, "unsupported_type"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(client, name, content, status, code):
    with pytest.raises(ApiError) as caught:
        client.upload([(name, content)])
    assert (caught.value.status, caught.value.code) == (status, code)
    assert caught.value.remedy


def test_a_damaged_pdf_fails_on_its_record_and_its_neighbour_is_read(client):
    broken = (SAMPLES / "lease-harbour-street.pdf").read_bytes()[:700]
    good = b"The neighbour of a broken file is read."
    receipts = client.upload([("broken.pdf", broken), ("good.txt", good)], collection="bad")
    by_name = {receipt.filename: client.wait(receipt.id) for receipt in receipts}
    assert by_name["broken.pdf"].status == "failed"
    assert by_name["broken.pdf"].error.code == "damaged_file"
    assert by_name["broken.pdf"].error.remedy
    assert by_name["good.txt"].status == "ready"
    for document in by_name.values():
        client.delete(document.id)


def test_an_empty_page_is_a_warning_not_a_failure(client):
    out = io.BytesIO()
    Image.new("L", (1240, 1754), 255).save(out, "PNG")
    [receipt] = client.upload([("blank.png", out.getvalue())], collection="bad")
    document = client.wait(receipt.id)
    assert document.status == "ready"
    assert any("No text" in warning for warning in document.warnings)
    client.delete(document.id)


def test_deletion_takes_the_document_out_of_search(client):
    text = b"The zirconium ledger of Quillfeather was audited in Tromso."
    [receipt] = client.upload([("zirconium.txt", text)], collection="gone")
    client.wait(receipt.id)
    assert [row.document_id for row in client.search("zirconium Quillfeather", collection="gone").results] == [
        receipt.id
    ]
    client.delete(receipt.id)
    assert client.search("zirconium Quillfeather", collection="gone").results == ()
    with pytest.raises(ApiError) as caught:
        client.document(receipt.id)
    assert caught.value.code == "document_not_found"


def test_analyze_answers_at_once_and_keeps_nothing(client):
    before = client.stats().documents
    font = ImageFont.load_default(36)
    picture = Image.new("L", (1400, 500), 255)
    ImageDraw.Draw(picture).text((60, 80), "Invoice number 4711\nTotal due: EUR 99.50\nMarlow Office Supplies", 0, font)
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(150, 150))
    found = client.analyze(("scan.png", out.getvalue()))
    assert "4711" in found.text
    assert found.classification.label == "invoice"
    assert client.stats().documents == before
