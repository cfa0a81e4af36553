"""A counted answer as HTML."""

from rag.replies.documents import Answer
from rag.wire import decode
from ui.counted import result_html, rows_html

COUNTED = {
    "understood": "documents of the type <invoice>",
    "total": 2,
    "in_scope": 3,
    "unread": 1,
    "rows": [
        {
            "document_id": "d1",
            "filename": "<b>a.pdf",
            "type": "invoice",
            "date": "2025-05-12",
            "amount": {"text": "EUR 5.00"},
            "matches": [
                {"what": "issuer", "page": 2, "start": 3, "end": 9, "text": "Acme\n<Ltd>"},
                {"what": "amount", "page": 2, "start": 20, "end": 28, "text": "EUR 5.00"},
            ],
        },
        {"document_id": "d2", "filename": "b.pdf", "matches": [{"what": "beginning", "page": 1, "text": "Bill"}]},
    ],
}
ANSWER = decode(Answer, {"answer": "2 <invoices>. Counted exactly over all 3: x\n- a", "counted": COUNTED})


def test_the_number_stands_first_and_what_is_left_out_is_said():
    assert result_html(ANSWER) == (
        '<div class="rw-answer">2 &lt;invoices&gt;.</div>'
        '<div class="rw-line">Counted exactly over 3 documents: documents of the type &lt;invoice&gt;.</div>'
        '<div class="rw-line">1 document not read yet, or that could not be read: not counted.</div>'
    )


def test_a_row_links_to_the_page_with_its_words_marked():
    html = rows_html(ANSWER.counted.rows)
    assert (
        '<a href="document?document=d1&amp;page=2&amp;highlight=3-9%2C20-28" target="_blank">&lt;b&gt;a.pdf</a>' in html
    )
    assert "<td>2025-05-12</td><td>EUR 5.00</td><td>“Acme &lt;Ltd&gt;”, page 2; “EUR 5.00”, page 2</td>" in html
    assert (
        '<a href="document?document=d2&amp;page=1" target="_blank">b.pdf</a></td><td></td><td></td><td></td><td></td>'
        in html
    )


def test_columns_without_values_are_left_out():
    html = rows_html(ANSWER.counted.rows[1:])
    assert "<th>Document</th><th>Type</th><th>Because</th>" in html
    assert rows_html(()) == ""
