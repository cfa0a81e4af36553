"""Calls for a document in another form."""

from __future__ import annotations

from rag.calls.base import Calls, document_path


class ExportCalls(Calls):
    def searchable_pdf(self, document_id: str) -> bytes:
        """A PDF of the original pages with the words that were read as invisible text; for PDFs and images.

        Raises ApiError 'not_ready' while it is being read, 'unsupported_type' for other files.
        """
        return self._send("GET", f"{document_path(document_id)}/searchable.pdf").content
