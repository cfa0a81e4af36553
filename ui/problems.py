"""Problems of the service in the reader's language: what their code means and what to do about it, for people in front of the page.

English readers see the service's own words, which say more; for others those stand small below. A code that is not listed
is told in the service's words. A test holds the list against the errors of the service.
"""

from __future__ import annotations

from typing import Protocol

from ui import view
from ui.words import language, later, say


class Problem(Protocol):
    """An ApiError, or the error of a document, a stage or a file."""

    @property
    def code(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def remedy(self) -> str: ...


_LOG = later("Try again; if it happens again, tell whoever runs the service.")
_LATER = later("Try again in a moment.")
_FILE = later("Open the file in its own program, save it again and send that.")
_LIST = later("Go back to the list: it may have been deleted or moved.")
_RUNNER = later("Ask whoever runs the service.")
PROBLEMS: dict[str, tuple[str, str]] = {
    "internal_error": (later("Something went wrong in the service."), _LOG),
    "invalid_input": (later("What was sent is not valid."), later("Correct it and send it again.")),
    "empty_file": (later("The file is empty."), later("Check that it was saved completely, and send it again.")),
    "unsupported_type": (
        later("Files of this type are not read."),
        later("Convert it to PDF, a picture, an Office format or plain text."),
    ),
    "damaged_file": (later("The file is damaged and cannot be read."), _FILE),
    "encrypted_file": (
        later("The file is encrypted."),
        later("Give its password below or with the upload, or save a copy without protection."),
    ),
    "too_large": (later("This is larger than allowed."), later("Split it, or ask for a higher limit.")),
    "parser_limit": (
        later("Reading the file took too much time or memory."),
        later("Split it, or ask for a higher limit."),
    ),
    "request_timeout": (later("The upload came in too slowly."), later("Send it again over a better connection.")),
    "not_found": (later("There is no such thing."), _LIST),
    "document_not_found": (later("There is no such document."), _LIST),
    "page_not_found": (later("The document has no such page."), later("Choose another page.")),
    "conflict": (
        later("That is not possible in its present state."),
        later("Load the page again and look at its state."),
    ),
    "not_ready": (later("The document is still being read."), later("Wait until it is ready.")),
    "unauthorized": (later("The key is not valid."), later("Sign in with a valid API key.")),
    "forbidden": (later("The key does not allow this."), later("Ask an administrator for a key that does.")),
    "quota_exceeded": (
        later("The key has stored as much as it may."),
        later("Delete documents that were sent with it, or ask for more room."),
    ),
    "source_not_allowed": (
        later("The service does not read from there."),
        later("Upload the files, or have the folder allowed."),
    ),
    "rate_limited": (later("Too many requests in this minute."), _LATER),
    "busy": (later("The service has no room for this now."), _LATER),
    "overloaded": (later("Too many requests are waiting."), _LATER),
    "unavailable": (later("A part of the service cannot be reached."), _LATER),
    "crashed": (later("A part of the service ended while it worked on this."), _LATER),
    "part_down": (later("A part of the service is down for the moment."), _LATER),
    "deadline_exceeded": (later("It took too long."), later("Ask for less, or try again later.")),
    "stage_failed": (later("A step of the analysis failed."), later("Run it again: only what failed is repeated.")),
    "configuration_error": (later("A setting of the service is wrong."), _RUNNER),
    "infected": (
        later("A virus scanner found something in the file."),
        later("It was not taken. Have the machine that it comes from looked at."),
    ),
    "cancelled": (later("The job was stopped."), later("Run it again: it goes on where it was.")),
    "too_many_failures": (
        later("More files failed than the job allows."),
        later("Look at what was not loaded, and run the job again."),
    ),
    "runner_died": (later("The process of the job ended."), later("Run it again: it goes on where it was.")),
    "method_not_allowed": (later("The service does not know this request."), _RUNNER),
    "http_error": (later("The service does not know this request."), _RUNNER),
    "unreachable": (later("The service cannot be reached."), later("Is it running? Otherwise ask whoever runs it.")),
    "timeout": (later("The service took too long to answer."), later("Ask for less, or try again later.")),
    "bad_answer": (
        later("The service's answer cannot be read."),
        later("Page and service may be of different versions."),
    ),
}
"""Code -> (what happened, what to do)."""


def told_html(problem: Problem, *, title: str = "") -> str:
    """`title` says whom or what it is about."""
    if language() == "en" or problem.code not in PROBLEMS:
        return view.problem_html(problem.detail, problem.remedy, title="" if title in problem.detail else title)
    what, remedy = PROBLEMS[problem.code]
    own = f"{problem.detail} {problem.remedy}".strip()
    return view.problem_html(say(what), say(remedy), title=title, own=own)
