"""Which questions ask for a whole document."""

import json

import pytest

from rag.whole.request import Task, whole_request
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("question", "task", "what", "of", "document"),
    [
        ("Summarise this", Task.SUMMARY, "", "", ""),
        ("summarize the lease in a few sentences", Task.SUMMARY, "", "", ""),
        ("Please summarise lease-harbour-street.pdf", Task.SUMMARY, "", "", "lease-harbour-street.pdf"),
        ("Give me a short summary of this document.", Task.SUMMARY, "", "", ""),
        ("What is this about?", Task.SUMMARY, "", "", ""),
        ("tl;dr", Task.SUMMARY, "", "", ""),
        ("List the parties", Task.PARTIES, "parties", "", ""),
        ("Who are the parties to this contract?", Task.PARTIES, "parties", "", ""),
        ("list all people named in it", Task.NAMES, "people", "", ""),
        ("Which dates are mentioned in this letter?", Task.NAMES, "dates", "", ""),
        ("Who is named in this document?", Task.NAMES, "names", "", ""),
        ("extract the amounts", Task.NAMES, "amounts", "", ""),
        ("What are the obligations?", Task.STATEMENTS, "obligations", "", ""),
        ("What are the duties of the tenant?", Task.STATEMENTS, "obligations", "tenant", ""),
        ("list the deadlines in notice of lease.pdf", Task.STATEMENTS, "deadlines", "", "notice of lease.pdf"),
        ("What are the obligations of the tenant under this lease?", Task.STATEMENTS, "obligations", "tenant", ""),
    ],
)
def test_what_is_asked_of_the_whole(question, task, what, of, document):
    found = whole_request(question)
    assert found is not None
    assert (found.task, found.what, found.of, found.document) == (task, what, of, document)


@pytest.mark.parametrize(
    "question",
    [
        "What is the monthly rent?",
        "Who is the landlord?",
        "When does the contract end?",
        "Summarise the history of Port Alder",
        "What is the deadline for the break option?",
        "Which people signed it on 1 June?",
        "list the parties " * 20,
        "",
    ],
)
def test_what_is_not(question):
    assert whole_request(question) is None


def test_no_question_on_a_fact_is_one_of_these():
    lines = (ROOT / "data" / "questions.jsonl").read_text().splitlines()
    assert [line for line in lines if whole_request(json.loads(line)["question"])] == []
