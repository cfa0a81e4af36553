"""The HTTP client against a transport that plays the server."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from rag.client import ApiError, RedwellClient
from rag.replies.documents import CitationEvent, FinalEvent, ResultsEvent, TokenEvent

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, **options: object) -> RedwellClient:
    waits = options.pop("waits", [])
    return RedwellClient("http://redwell.test", transport=httpx.MockTransport(handler), sleep=waits.append, **options)  # type: ignore[attr-defined,arg-type]


def sse(*events: tuple[str, object]) -> bytes:
    return "".join(f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n" for name, data in events).encode()


def test_upload_sends_every_file_and_returns_one_outcome_each() -> None:
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.read())
        error = {"code": "empty_file", "detail": "'b.txt' is empty.", "remedy": "Send it again."}
        return httpx.Response(
            202,
            json={
                "documents": [
                    {"id": "d1", "filename": "a.txt", "status": "queued", "duplicate": True},
                    {"filename": "b.txt", "status": "rejected", "duplicate": False, "error": error},
                ]
            },
        )

    first, second = client(handler).upload([("a.txt", b"hello"), ("b.txt", b"")], metadata={"matter": "17"})
    assert (first.id, first.duplicate, first.accepted) == ("d1", True, True)
    assert second.error is not None
    assert (second.accepted, second.error.remedy) == (False, "Send it again.")
    assert b'filename="a.txt"' in seen[0]
    assert b'filename="b.txt"' in seen[0]
    assert b'{"matter": "17"}' in seen[0]


def test_upload_of_a_path_that_is_not_there_names_it(tmp_path) -> None:
    with pytest.raises(ApiError, match=r"nowhere\.pdf cannot be read") as caught:
        client(lambda request: httpx.Response(500)).upload([tmp_path / "nowhere.pdf"])
    assert caught.value.code == "no_such_file"


def test_a_model_is_asked_in_tensors_and_answers_by_output() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v2/models/classifier/infer"
        [tensor] = json.loads(request.read())["inputs"]
        assert tensor == {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]}
        outputs = [{"name": "label", "shape": [2], "datatype": "BYTES", "data": ["letter", "invoice"]}]
        return httpx.Response(200, json={"model_name": "classifier", "outputs": outputs})

    assert client(handler).infer("classifier", {"text": ["a", "b"]}) == {"label": ["letter", "invoice"]}


def test_an_error_of_the_inference_protocol_is_told_in_its_words() -> None:
    with pytest.raises(ApiError, match=r"There is no model 'x'\."):
        client(lambda request: httpx.Response(404, json={"error": "There is no model 'x'."})).infer(
            "x", {"text": ["a"]}
        )


def test_a_retried_upload_sends_the_whole_file_again(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"the whole file")
    bodies: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return httpx.Response(503 if len(bodies) == 1 else 202, json={"documents": []})

    client(handler).upload([path])
    assert [b"the whole file" in sent for sent in bodies] == [True, True]


def test_problem_json_becomes_an_api_error_with_its_remedy() -> None:
    problem = {"title": "x", "status": 404, "code": "document_not_found", "detail": "No d9.", "remedy": "Check the id."}
    with pytest.raises(ApiError) as caught:
        client(lambda request: httpx.Response(404, json=problem)).document("d9")
    error = caught.value
    assert (error.status, error.code, error.detail, error.remedy) == (
        404,
        "document_not_found",
        "No d9.",
        "Check the id.",
    )


def test_an_error_page_that_is_not_json_is_still_an_api_error() -> None:
    with pytest.raises(ApiError) as caught:
        client(lambda request: httpx.Response(500, text="<h1>no</h1>")).stats()
    assert (caught.value.status, caught.value.code) == (500, "http_500")


def test_a_success_that_is_not_json_says_that_this_is_no_redwell() -> None:
    with pytest.raises(ApiError) as caught:
        client(lambda request: httpx.Response(200, text="<h1>hello</h1>")).stats()
    assert caught.value.code == "bad_answer"


def test_no_connection_asks_whether_the_server_runs() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ApiError) as caught:
        client(handler).stats()
    assert (caught.value.status, caught.value.remedy) == (0, "Is `redwell serve` running?")


def test_api_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(ApiError(503, "busy", "Full.", "Wait.")))
    assert (error.status, error.code, error.detail, error.remedy) == (503, "busy", "Full.", "Wait.")


def test_busy_server_is_tried_again_after_the_seconds_it_names() -> None:
    answers = iter(
        [httpx.Response(503, headers={"Retry-After": "2"}), httpx.Response(502), httpx.Response(200, json={})]
    )
    waits: list[float] = []
    client(lambda request: next(answers), waits=waits).stats()
    assert waits == [2.0, 0.5]


def test_retrying_ends_when_the_server_asks_for_more_than_the_budget() -> None:
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(503, headers={"Retry-After": "6"}, json={"code": "busy", "detail": "Full."})

    waits: list[float] = []
    with pytest.raises(ApiError, match="Full"):
        client(handler, waits=waits).stats()
    assert (len(calls), waits) == (2, [6.0])


def test_client_errors_are_not_retried() -> None:
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(422, json={"code": "invalid_input", "detail": "No."})

    with pytest.raises(ApiError):
        client(handler).search("x")
    assert len(calls) == 1


def test_a_delete_whose_first_answer_was_lost_is_done() -> None:
    answers = iter([httpx.Response(502), httpx.Response(404, json={"code": "document_not_found"})])
    client(lambda request: next(answers)).delete("d1")
    assert next(answers, None) is None


def test_deleting_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ApiError):
        client(lambda request: httpx.Response(404, json={"code": "document_not_found"})).delete("d1")


def test_documents_follows_cursors_and_keeps_the_filters() -> None:
    seen: list[dict[str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(dict(request.url.params))
        last = "cursor" in request.url.params
        return httpx.Response(
            200,
            json={"documents": [{"id": "b" if last else "a"}], "next_cursor": None if last else "c1", "total": 2},
        )

    assert [found.id for found in client(handler).documents(status="ready", limit=1)] == ["a", "b"]
    assert seen == [{"status": "ready", "limit": "1"}, {"status": "ready", "limit": "1", "cursor": "c1"}]


def test_a_record_is_typed_through_and_unknown_fields_are_ignored() -> None:
    record = {
        "id": "d1",
        "status": "partial",
        "created_at": "2026-03-01T10:00:00+00:00",
        "classification": {"label": "lease", "score": 0.9, "scores": [{"label": "lease", "score": 0.9}]},
        "summary": None,
        "stages": {"summary": {"status": "failed", "error": {"code": "x", "detail": "y", "remedy": "z"}}},
        "entities": [{"text": "Acme", "type": "ORG", "count": 1, "mentions": [{"page": 1, "start": 3, "end": 7}]}],
        "new_in_a_later_version": 1,
    }
    document = client(lambda request: httpx.Response(200, json=record)).document("d1")
    assert document.final
    assert document.created_at is not None
    assert document.created_at.year == 2026
    assert document.classification is not None
    assert document.classification.scores[0].label == "lease"
    assert document.stages["summary"].error is not None
    assert document.stages["summary"].error.remedy == "z"
    assert document.entities[0].mentions[0].start == 3


def test_page_image_repeats_the_highlight_parameter() -> None:
    seen: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, content=b"\x89PNG")

    assert client(handler).page_image("d1", 2, highlights=[(1, 5), (9, 12)], width=800) == b"\x89PNG"
    assert seen[0].path == "/v1/documents/d1/pages/2/image"
    assert seen[0].params.get_list("highlight") == ["1-5", "9-12"]


@pytest.mark.parametrize(
    ("name", "path"), [("../stats", b"/v1/documents/..%2Fstats"), ("a?b#c", b"/v1/documents/a%3Fb%23c")]
)
def test_an_id_cannot_become_another_route(name: str, path: bytes) -> None:
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(404, json={})

    with pytest.raises(ApiError):
        client(handler).document(name)
    assert seen == [path]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_an_id_of_dots_is_no_document(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        client(lambda request: httpx.Response(200, json={"id": "x"})).document(name)
    assert caught.value.code == "document_not_found"


def test_key_goes_into_the_authorization_header() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    client(handler, api_key="s3cret").stats()
    assert seen == ["Bearer s3cret"]


def test_ask_sends_false_strict_and_leaves_out_what_was_not_given() -> None:
    seen: list[dict[str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.read()))
        return httpx.Response(200, json={"answer": "x"})

    client(handler).ask("Who?", strict=False, collection="")
    assert seen == [{"question": "Who?", "strict": False}]


def test_ask_stream_gives_typed_events_in_order() -> None:
    citation = {"marker": 1, "document_id": "d1", "page": 2, "start": 0, "end": 3, "quote": "abc"}
    stream = sse(
        ("results", {"results": [{"document_id": "d1", "page": 2, "start": 0, "end": 3}]}),
        ("token", {"text": "The "}),
        ("citation", citation),
        ("final", {"answer": "The rent [1].", "found": True, "citations": [citation]}),
    )
    events = list(client(lambda request: httpx.Response(200, content=stream)).ask_stream("Rent?"))
    assert [type(event) for event in events] == [ResultsEvent, TokenEvent, CitationEvent, FinalEvent]
    assert isinstance(events[3], FinalEvent)
    assert events[3].answer.citations[0].quote == "abc"


def test_line_separators_inside_tokens_do_not_cut_events() -> None:
    text = "one\u2028two\x85three"
    stream = sse(("token", {"text": text}), ("final", {"answer": text}))
    first, _ = client(lambda request: httpx.Response(200, content=stream)).ask_stream("?")
    assert first == TokenEvent(text)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_events_may_arrive_in_pieces_of_any_size(size: int) -> None:
    stream = sse(("token", {"text": "Grüße"}), ("final", {"answer": "Grüße"})).replace(b"\n", b"\r\n")
    pieces = (stream[at : at + size] for at in range(0, len(stream), size))
    events = list(client(lambda request: httpx.Response(200, content=pieces)).ask_stream("?"))
    assert events[0] == TokenEvent("Grüße")
    assert isinstance(events[1], FinalEvent)


def test_error_event_in_a_stream_raises_its_problem() -> None:
    stream = sse(("token", {"text": "a"}), ("error", {"status": 503, "code": "unavailable", "remedy": "Wait."}))
    events = client(lambda request: httpx.Response(200, content=stream)).ask_stream("?")
    next(events)
    with pytest.raises(ApiError) as caught:
        next(events)
    assert (caught.value.status, caught.value.code, caught.value.remedy) == (503, "unavailable", "Wait.")


def test_a_stream_without_its_end_is_an_error() -> None:
    stream = sse(("token", {"text": "a"}))
    with pytest.raises(ApiError) as caught:
        list(client(lambda request: httpx.Response(200, content=stream)).ask_stream("?"))
    assert caught.value.code == "cut_off"


def test_events_yields_records_until_the_server_closes() -> None:
    stream = b": hello\n\n" + sse(
        ("document", {"id": "d1", "status": "reading"}), ("document", {"id": "d1", "status": "ready"})
    )
    records = client(lambda request: httpx.Response(200, content=stream)).events("d1")
    assert [record.status for record in records] == ["reading", "ready"]


def test_wait_polls_until_the_record_is_final() -> None:
    states = iter(["queued", "reading", "ready"])
    waits: list[float] = []
    record = client(lambda request: httpx.Response(200, json={"id": "d1", "status": next(states)}), waits=waits).wait(
        "d1", poll=0.1
    )
    assert (record.status, waits) == ("ready", [0.1, 0.1])


def test_wait_gives_up_at_its_timeout() -> None:
    record = {"id": "d1", "filename": "a.pdf", "status": "reading"}
    with pytest.raises(ApiError, match=r"a\.pdf was still reading"):
        client(lambda request: httpx.Response(200, json=record)).wait("d1", timeout=0)


def test_ready_reports_a_server_that_says_no() -> None:
    health = client(lambda request: httpx.Response(503, json={"status": "not ready", "detail": "no index"})).ready()
    assert (health.ok, health.parts["detail"]) == (False, "no index")


def test_importing_the_client_loads_no_heavy_library() -> None:
    code = "import sys, rag.client; print([n for n in ('ray', 'torch', 'numpy', 'rag.model', 'streamlit') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_searchable_pdf_is_bytes() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/documents/d1/searchable.pdf"
        return httpx.Response(200, content=b"%PDF-1.7")

    assert client(handler).searchable_pdf("d1") == b"%PDF-1.7"


def test_a_query_in_words_is_paged_with_what_it_became() -> None:
    seen: list[dict[str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        seen.append(asked)
        row = {"document_id": "d1", "filename": "a.pdf", "amount": {"text": "EUR 5.00", "value": "5.00"}, "date": None}
        reply = {
            "query": {"wants": "list"},
            "total": 3,
            "rows": [row],
            "next_offset": 1,
            "citations": [],
            "answer": "3.",
        }
        return httpx.Response(200, json=reply)

    redwell = client(handler)
    first = redwell.query("list all documents", limit=1)
    redwell.query(first.query, offset=first.next_offset or 0, limit=1)
    assert seen == [
        {"question": "list all documents", "offset": 0, "limit": 1},
        {"wants": "list", "offset": 1, "limit": 1},
    ]
    assert (first.total, first.answer, first.rows[0].filename) == (3, "3.", "a.pdf")
    assert first.rows[0].amount is not None
    assert first.rows[0].amount.text == "EUR 5.00"


def dies_once(then: httpx.Response, first: Callable[[httpx.Request], httpx.Response]) -> tuple[Handler, list[str]]:
    """Answers /v1/stats, then lets one call down, then answers."""
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if request.url.path == "/v1/stats":
            return httpx.Response(200, json={})
        return first(request) if len(calls) == 2 else then

    return handler, calls


def cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("Server disconnected without sending a response.")


def proxy_500(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, text="The actor died unexpectedly")


@pytest.mark.parametrize("down", [cut_off, proxy_500])
def test_a_question_whose_process_died_is_asked_again(down: Handler) -> None:
    handler, calls = dies_once(httpx.Response(200, json={"results": [], "sequence": 1}), down)
    with client(handler) as redwell:
        redwell.stats()
        assert redwell.search("rent").results == ()
    assert calls == ["/v1/stats", "/v1/search", "/v1/search"]


@pytest.mark.parametrize("down", [cut_off, proxy_500])
def test_what_would_be_made_twice_is_not_sent_twice(down: Handler) -> None:
    handler, calls = dies_once(httpx.Response(200, json={}), down)
    with client(handler) as redwell:
        redwell.stats()
        with pytest.raises(ApiError):
            redwell.start_job(["/srv/in"])
    assert calls == ["/v1/stats", "/v1/jobs"]


def test_a_defect_of_the_server_is_not_asked_again() -> None:
    problem = {"code": "internal_error", "detail": "Something went wrong on our side."}
    broken = httpx.Response(500, json=problem, headers={"content-type": "application/problem+json"})
    handler, calls = dies_once(httpx.Response(200, json={}), lambda request: broken)
    with client(handler) as redwell:
        redwell.stats()
        with pytest.raises(ApiError, match="our side"):
            redwell.search("rent")
    assert len(calls) == 2


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def test_a_server_that_was_never_there_is_told_at_once() -> None:
    waits: list[float] = []
    with pytest.raises(ApiError, match="cannot be reached"):
        client(refused, waits=waits).stats()
    assert waits == []


def test_a_server_that_goes_away_under_the_first_call_is_waited_for() -> None:
    answers = iter([cut_off, refused, refused])

    def handler(request: httpx.Request) -> httpx.Response:
        answer = next(answers, None)
        return answer(request) if answer else httpx.Response(200, json={"results": [], "sequence": 1})

    assert client(handler).search("rent").sequence == 1


def test_a_stream_is_begun_again_and_not_continued_twice() -> None:
    events = sse(("token", {"text": "a"}), ("final", {"answer": "a"}))
    handler, calls = dies_once(httpx.Response(200, content=events), proxy_500)
    with client(handler) as redwell:
        redwell.stats()
        first = next(iter(redwell.ask_stream("What?")))
    assert (first, len(calls)) == (TokenEvent("a"), 3)
