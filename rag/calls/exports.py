"""Calls for a document in another form."""

from __future__ import annotations

from rag.calls.base import Calls, document_path


class ExportCalls(Calls):
    def searchable_pdf(self, document_id: str) -> bytes:
        """A PDF of the original pages with the words that were read as invisible text; for PDFs and images.

        Raises ApiError 'not_ready' while it is being read, 'unsupported_type' for other files.
        """
        return self._send("GET", f"{document_path(document_id)}/searchable.pdf").content

    def redacted_pdf(self, document_id: str) -> bytes:
        """A new PDF of pictures without the personal data of `redaction.kinds`."""
        return self._send("GET", f"{document_path(document_id)}/redacted.pdf").content

    def markdown(self, document_id: str) -> str:
        """Headings, lists and tables as Markdown."""
        return self._send("GET", f"{document_path(document_id)}/markdown").text
