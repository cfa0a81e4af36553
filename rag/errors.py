"""One tree of errors. The outline:

RedwellError
    InvalidInput (422)  EmptyFile  UnsupportedType (415)  DamagedFile  EncryptedFile  TooLarge (413)  ParserLimit  RequestTimeout (408)
    NotFound (404)      DocumentNotFound  PageNotFound
    Conflict (409)      NotReady
    Unauthorized (401)  Forbidden (403)  QuotaExceeded  RateLimited (429)
    Busy (429/503)      Overloaded  Unavailable  Crashed  CircuitOpen
    StageFailed (500)
    ConfigurationError (500)

Each says what happened (`detail`), what to do about it (`remedy`), how HTTP calls it (`status`, read by rag/api only)
and whether the same call may succeed later (`retryable`). Arguments are positional, so that errors survive pickling:
across Ray a keyword-only constructor arrives as UnserializableException.
"""

from __future__ import annotations


class RedwellError(Exception):
    status: int = 500
    code: str = "internal_error"
    retryable: bool = False
    default_remedy: str = "Look at the server's log; report it with the request id if it persists."

    def __init__(self, detail: str = "", remedy: str = "") -> None:
        super().__init__(detail, remedy)
        self.detail = detail or (self.__doc__ or self.code)
        self.remedy = remedy or self.default_remedy

    def __str__(self) -> str:
        return self.detail

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "remedy": self.remedy}


class InvalidInput(RedwellError):
    """The request is not valid."""

    status = 422
    code = "invalid_input"
    default_remedy = "Correct the request; /docs describes every field."


class EmptyFile(InvalidInput):
    """The file has no content."""

    code = "empty_file"
    default_remedy = "Send the file again; check that it was written completely."


class UnsupportedType(InvalidInput):
    """The content is of a type that is not read."""

    status = 415
    code = "unsupported_type"
    default_remedy = "Convert the file to PDF, an image, an Office format or plain text."


class DamagedFile(InvalidInput):
    """The file cannot be parsed."""

    code = "damaged_file"
    default_remedy = "Open the file in its own program, save it again and send that."


class EncryptedFile(InvalidInput):
    """The file is encrypted and needs a password."""

    code = "encrypted_file"
    default_remedy = "Send its password: `password` with the upload, or with a retry. Or save an unprotected copy."


class TooLarge(InvalidInput):
    """The file is larger than allowed."""

    status = 413
    code = "too_large"
    default_remedy = "Split the file, or raise `limits.upload_bytes`."


class ParserLimit(InvalidInput):
    """Reading the file went over a limit on time, memory or size."""

    code = "parser_limit"
    default_remedy = "Split the file, or raise the limit named in `limits`."


class RequestTimeout(InvalidInput):
    """The body of the request came too slowly."""

    status = 408
    code = "request_timeout"
    retryable = True
    default_remedy = (
        "Send it without pauses; `limits.body_idle_seconds` and `limits.body_seconds` say how long they may be."
    )


class NotFound(RedwellError):
    """There is no such thing."""

    status = 404
    code = "not_found"
    default_remedy = "Check the id; GET /v1/documents lists what there is."


class DocumentNotFound(NotFound):
    """There is no document with that id."""

    code = "document_not_found"


class PageNotFound(NotFound):
    """The document has no such page."""

    code = "page_not_found"
    default_remedy = "Pages count from 1 to the document's page_count."


class Conflict(RedwellError):
    """The thing is not in a state that allows this."""

    status = 409
    code = "conflict"
    default_remedy = "Get the record, look at its status, and try again."


class NotReady(Conflict):
    """The document is still being read."""

    code = "not_ready"
    retryable = True
    default_remedy = "Wait until its status is ready, or follow its events."


class Unauthorized(RedwellError):
    """A valid API key is needed."""

    status = 401
    code = "unauthorized"
    default_remedy = "Send `Authorization: Bearer <key>`."


class Forbidden(RedwellError):
    """The API key does not allow this."""

    status = 403
    code = "forbidden"
    default_remedy = "Ask an administrator for a key with that scope."


class QuotaExceeded(Forbidden):
    """The API key has stored as much as it may."""

    code = "quota_exceeded"
    default_remedy = "Delete documents that were sent with it, or ask an administrator for a larger quota."


class RateLimited(RedwellError):
    """The API key has sent as many requests as it may in a minute."""

    status = 429
    code = "rate_limited"
    retryable = True
    default_remedy = "Try again after the seconds in Retry-After."

    def __init__(self, detail: str = "", remedy: str = "", retry_after: int = 1) -> None:
        super().__init__(detail, remedy)
        self.args = detail, remedy, retry_after
        self.retry_after = retry_after


class Busy(RedwellError):
    """The service has no room for this request now."""

    status = 503
    code = "busy"
    retryable = True
    default_remedy = "Try again after the seconds in Retry-After."
    retry_after: int = 1


class Overloaded(Busy):
    """Too many requests are waiting."""

    code = "overloaded"


class Unavailable(Busy):
    """A part of the service cannot be reached."""

    code = "unavailable"


class Crashed(Unavailable):
    """A part of the service ended while it worked on this."""

    code = "crashed"


class CircuitOpen(Unavailable):
    """A part of the service is down, and is not asked for some seconds."""

    code = "part_down"

    def __init__(self, detail: str = "", remedy: str = "", retry_after: int = 1) -> None:
        super().__init__(detail, remedy)
        self.args = detail, remedy, retry_after
        self.retry_after = retry_after


class DeadlineExceeded(RedwellError):
    """The request ran out of its time."""

    status = 504
    code = "deadline_exceeded"
    retryable = True
    default_remedy = "Ask for less, give X-Request-Timeout more seconds, or raise `server.request_seconds`."


class StageFailed(RedwellError):
    """A stage of the analysis failed."""

    code = "stage_failed"
    retryable = True
    default_remedy = "POST /v1/documents/{id}/retry runs only what failed."


class ConfigurationError(RedwellError):
    """A setting is wrong."""

    code = "configuration_error"
    default_remedy = "Run `redwell doctor`; it checks settings and machine."
