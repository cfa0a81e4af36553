"""The command line against an API that is played by a small HTTP server of the test's own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rag.cli import app
from rag.commands.common import as_json
from rag.commands.documents import parse_metadata, progress_of, stage_of, walk
from rag.commands.questions import shortened
from rag.replies.documents import Classification, Document, Label, Stage

ANSWER = {
    "answer": "The rent is 2,450 euros [1].",
    "found": True,
    "citations": [
        {
            "marker": 1,
            "document_id": "d1",
            "filename": "lease [draft].pdf",
            "page": 2,
            "start": 10,
            "end": 34,
            "quote": "a monthly rent of 2,450 ",
            "boxes": [],
        }
    ],
    "grounding": {"supported": True, "score": 0.9, "unsupported": [], "sentences": []},
    "results": [],
    "model": "m",
    "usage": {},
    "timings": {},
}
RESULT = {
    "document_id": "d1",
    "filename": "lease [draft].pdf",
    "page": 2,
    "start": 0,
    "end": 9,
    "text": "The rent\nis due.",
    "score": 0.5,
}
BAD_NAME = "bad.pdf"
JOB = {
    "id": "j1",
    "status": "done",
    "sources": ["s3://allowed/x"],
    "progress": {"files": 3, "done": 3, "pages_read": 7},
    "summary": {"seconds": 2.0, "files": 3, "done": 3, "pages": 7, "pages_a_second": 3.5, "types": {"letter": 3}},
}


def record(document_id: str, status: str) -> dict[str, Any]:
    error = None
    if status == "failed":
        error = {"code": "damaged_file", "detail": "The file is damaged.", "remedy": "Save it again."}
    return {
        "id": document_id,
        "filename": f"{document_id}.txt",
        "collection": "default",
        "status": status,
        "page_count": 1,
        "stages": {},
        "error": error,
    }


def counted(asked: dict[str, Any]) -> dict[str, Any]:
    """Two invoices, one a reply."""
    at = asked.get("offset", 0)
    names = ("big [1].pdf", "small.pdf")
    match = {"what": "amount", "page": 2, "start": 0, "end": 9, "text": "EUR\n5.00", "citation": 1}
    row = {
        "document_id": f"d{at}",
        "filename": names[at],
        "type": "invoice",
        "amount": {"text": "EUR 5.00"},
        "matches": [match],
    }
    reply = {"query": {"wants": "list"}, "understood": "documents of the type invoice", "total": 2, "rows": [row]}
    return reply | {
        "next_offset": 1 if at == 0 else None,
        "answer": "2 invoices. Counted.\n- big [1].pdf\n… and 1 more.",
    }


class Api(BaseHTTPRequestHandler):
    """Enough of the API for the commands: documents whose id starts with 'bad' fail, the collection 'none' is refused."""

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def answer(self, body: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self, *events: tuple[str, Any]) -> None:
        text = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
        self.answer(text.encode(), kind="text/event-stream")

    def job(self, asked: dict[str, Any]) -> None:
        """Sources in s3://allowed are read, as far as job j1; no others are."""
        if asked["sources"] == ["s3://allowed/x"]:
            self.answer(json.dumps(JOB).encode(), status=202)
            return
        problem = {"code": "source_not_allowed", "detail": "Not allowed.", "remedy": "Upload it."}
        self.answer(json.dumps(problem).encode(), status=403, kind="application/problem+json")

    def do_GET(self) -> None:
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[-1] == "live":
            self.answer(b"{}")
        elif parts[1:2] == ["jobs"]:
            if parts[-1] == "events":
                self.events(("job", JOB))
            else:
                self.answer(json.dumps({"jobs": [JOB]} if parts[-1] == "jobs" else JOB).encode())
        elif parts[-1] == "searchable.pdf":
            self.answer(b"%PDF-1.7", kind="application/pdf")
        elif parts[-1] == "documents":
            self.answer(json.dumps({"documents": [record("d1", "ready")], "next_cursor": None}).encode())
        else:
            final = record(parts[2], "failed" if parts[2].startswith("bad") else "ready")
            if parts[-1] == "events":
                self.events(("document", final))
            else:
                self.answer(json.dumps(final).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/documents":
            name = body.split(b'filename="')[1].split(b'"')[0].decode()
            upload = {"id": name.split(".")[0], "filename": name, "status": "queued", "duplicate": False}
            self.answer(json.dumps({"documents": [upload]}).encode(), status=202)
            return
        if self.path == "/v1/jobs":
            self.job(json.loads(body))
            return
        asked = json.loads(body)
        if asked.get("collection") == "none":
            problem = {"code": "not_found", "detail": "There is no collection 'none'.", "remedy": "Upload into it."}
            self.answer(json.dumps(problem).encode(), status=404, kind="application/problem+json")
        elif self.path == "/v1/query":
            self.answer(json.dumps(counted(asked)).encode())
        elif self.path == "/v1/search":
            self.answer(json.dumps({"results": [RESULT], "sequence": 3}).encode())
        elif asked.get("stream"):
            self.events(("token", {"text": "The rent is "}), ("token", {"text": "9 euros."}), ("final", ANSWER))
        else:
            self.answer(json.dumps(ANSWER).encode())


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def redwell(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom rag.cli import app\n"
        "result = CliRunner().invoke(app, ['--help'])\nassert result.exit_code == 0, result.output\n"
        "print([name for name in ('torch', 'ray', 'numpy', 'transformers', 'spacy', 'httpx') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize(
    "command", ["serve", "ingest", "jobs", "ask", "search", "count", "documents", "doctor", "prepare", "bench", "eval"]
)
def test_every_command_has_help(command: str) -> None:
    result = redwell(command, "--help")
    assert (result.exit_code, "Usage:" in result.stdout) == (0, True)


def test_ask_streams_and_then_shows_the_checked_answer_with_its_citation(url: str) -> None:
    result = redwell("ask", "What is the rent?", "--url", url)
    assert result.stdout.split("\n") == [
        "The rent is 9 euros.",
        "After checking it against the documents:",
        "The rent is 2,450 euros [1].",
        "",
        "[1] lease [draft].pdf, page 2",
        "    “a monthly rent of 2,450”",
        "",
    ]


def test_ask_json_is_the_answer(url: str) -> None:
    result = redwell("ask", "What is the rent?", "--url", url, "--json")
    found = json.loads(result.stdout)
    assert (found["answer"], found["citations"][0]["start"]) == ("The rent is 2,450 euros [1].", 10)


def test_count_shows_every_row_and_why_it_was_counted(url: str) -> None:
    result = redwell("count", "list all invoices", "--url", url, "--rows", "0")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["2", "invoices.", "Counted."]
    assert lines[2] == ["big", "[1].pdf", "invoice", "EUR", "5.00", "2", "EUR", "5.00"]
    assert (lines[3][0], len(lines)) == ("small.pdf", 4)


def test_count_says_what_it_does_not_show(url: str) -> None:
    result = redwell("count", "list all invoices", "--url", url, "--rows", "1")
    assert result.stdout.splitlines()[-1] == "… and 1 more: --rows 0 shows all."
    found = json.loads(redwell("count", "list all invoices", "--url", url, "--json").stdout)
    assert (found["total"], [row["filename"] for row in found["rows"]]) == (2, ["big [1].pdf", "small.pdf"])


def test_search_shows_score_place_and_passage(url: str) -> None:
    result = redwell("search", "rent", "--url", url)
    assert result.stdout.split("\n")[1].split() == ["0.500", "lease", "[draft].pdf", "2", "The", "rent", "is", "due."]


def test_search_json_has_the_offsets(url: str) -> None:
    result = redwell("search", "rent", "--url", url, "--json")
    (found,) = json.loads(result.stdout)["results"]
    assert (found["start"], found["end"], found["text"]) == (0, 9, "The rent\nis due.")


def test_documents_json_lists_records(url: str) -> None:
    result = redwell("documents", "--url", url, "--json")
    assert [document["id"] for document in json.loads(result.stdout)] == ["d1"]


def test_an_api_error_is_told_with_its_remedy(url: str) -> None:
    result = redwell("ask", "What?", "--collection", "none", "--url", url)
    assert (result.exit_code, result.stderr) == (1, "There is no collection 'none'.\nUpload into it.\n")


def test_no_service_is_told_with_what_to_do() -> None:
    result = redwell("search", "rent", "--url", "http://127.0.0.1:9")
    assert (result.exit_code, result.stderr) == (
        1,
        "http://127.0.0.1:9 cannot be reached.\nIs `redwell serve` running?\n",
    )


def test_ingest_walks_folders_and_reports_each_file_in_order(url: str, tmp_path: Path) -> None:
    for name in ("b.txt", "sub/a.txt", ".hidden", "sub/.git/config", "sub/desktop.ini"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("words")
    result = redwell("ingest", str(tmp_path), "--url", url, "--json")
    outcomes = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(Path(outcome["file"]).name, outcome["id"], outcome["status"]) for outcome in outcomes] == [
        ("b.txt", "b", "ready"),
        ("a.txt", "a", "ready"),
    ]
    assert result.exit_code == 0


def test_one_bad_file_fails_the_command_and_not_the_others(url: str, tmp_path: Path) -> None:
    (tmp_path / BAD_NAME).write_text("x")
    (tmp_path / "good.txt").write_text("x")
    result = redwell("ingest", str(tmp_path / BAD_NAME), str(tmp_path / "good.txt"), "--url", url, "--json")
    outcomes = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(outcome["status"], outcome["error"]) for outcome in outcomes] == [
        ("failed", "The file is damaged."),
        ("ready", ""),
    ]
    assert result.exit_code == 1


def test_ingest_lets_the_service_read_a_bucket(url: str) -> None:
    result = redwell("ingest", "s3://allowed/x", "--url", url)
    assert result.exit_code == 0
    assert "3 of 3 files in 2 s, 7 pages, 3.5 pages a second." in result.stdout
    assert "letter" in result.stdout


def test_ingest_says_what_the_service_does_not_read(url: str) -> None:
    result = redwell("ingest", "s3://other/x", "--url", url)
    assert (result.exit_code, "Not allowed." in result.stderr) == (1, True)


def test_jobs_are_listed(url: str) -> None:
    result = redwell("jobs", "list", "--url", url)
    assert "s3://allowed/x" in result.stdout
    assert "3 of 3" in result.stdout


def test_ingest_for_people_ends_with_a_count(url: str, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("x")
    result = redwell("ingest", str(tmp_path), "--url", url)
    assert (result.exit_code, result.stdout) == (0, "1 of 1 documents are in.\n")


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    result = redwell("ingest", str(tmp_path))
    assert (result.exit_code, result.stderr.split("\n")[0]) == (1, "There is no file in what was named.")


def test_a_wrong_profile_is_told_without_a_traceback() -> None:
    result = redwell("serve", "--profile", "tpu")
    assert (result.exit_code, result.stderr) == (
        1,
        "There is no profile 'tpu'.\nChoose one of: cluster, cpu, gpu.\n",
    )


def test_walk_keeps_the_order_of_the_arguments(tmp_path: Path) -> None:
    for name in ("z.txt", "folder/2.txt", "folder/1.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.name for path in walk([tmp_path / "z.txt", tmp_path / "folder"])]
    assert found == ["z.txt", "1.txt", "2.txt"]


def test_metadata_keeps_later_equal_signs() -> None:
    assert parse_metadata(["client=Acme", "rule=a=b", "empty="]) == {"client": "Acme", "rule": "a=b", "empty": ""}


@pytest.mark.parametrize("pair", ["client", "=Acme", " =x"])
def test_metadata_needs_a_key_and_a_value(pair: str) -> None:
    with pytest.raises(typer.BadParameter, match="not KEY=VALUE"):
        parse_metadata([pair])


def test_stage_of_names_what_runs_and_how_far() -> None:
    stages = {"read": Stage("running", done=3, total=12), "classify": Stage("running"), "index": Stage("waiting")}
    assert stage_of(Document("d", status="reading", stages=stages)) == "read 3 of 12, classify"


def test_stage_of_a_final_document_is_its_status() -> None:
    assert stage_of(Document("d", status="partial", stages={"read": Stage("running")})) == "partial"


def test_progress_counts_finished_stages_and_shares_of_running_ones() -> None:
    stages = {"read": Stage("running", done=1, total=2), "index": Stage("done"), "summary": Stage("waiting")}
    assert progress_of(Document("d", status="reading", stages=stages)) == pytest.approx(0.5)


def test_progress_of_a_final_document_is_whole() -> None:
    assert progress_of(Document("d", status="failed", stages={"read": Stage("failed"), "x": Stage()})) == 1.0


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [("a  b\nc", 10, "a b c"), ("one two three", 9, "one two…"), ("abcdefgh", 5, "abcd…"), ("exactly", 7, "exactly")],
)
def test_shortened(text: str, length: int, expected: str) -> None:
    assert shortened(text, length) == expected


def test_as_json_writes_nested_values_and_letters() -> None:
    value = Classification("Übergabe", 0.5, (Label("a", 1.0),), "m")
    expected = {"label": "Übergabe", "score": 0.5, "scores": [{"label": "a", "score": 1.0}], "model": "m"}
    assert ("Übergabe" in as_json([value]), json.loads(as_json([value]))) == (True, [expected])


def test_a_searchable_pdf_is_written_beside_where_one_is(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["searchable-pdf", "d1", "--url", url])
    assert (result.exit_code, (tmp_path / "d1.searchable.pdf").read_bytes()) == (0, b"%PDF-1.7")
    named = CliRunner().invoke(app, ["searchable-pdf", "d1", "--url", url, "-o", str(tmp_path / "no" / "a.pdf")])
    assert named.exit_code == 1
    assert "cannot be written" in named.stderr
