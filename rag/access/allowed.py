"""Which sources the service may read for those who ask it to over HTTP."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rag.access.principal import DEFAULT_TENANT
from rag.errors import Forbidden
from rag.intake.ingestions import Request


class SourceNotAllowed(Forbidden):
    """The service does not read this source for you."""

    code = "source_not_allowed"
    default_remedy = "Upload the files, or add the source to `ingestion.allow` of the service."


def check_sources(request: Request, allow: Sequence[str]) -> None:
    """Raises SourceNotAllowed for the first source outside of `allow`."""
    for source in (*request.sources, *([request.manifest] if request.manifest else ())):
        check(source, allow)


def readable(allow: Sequence[str], tenant: str) -> tuple[str, ...]:
    """The entries for one tenant: `{tenant}` in them is its name, and only entries that hold it are for others than the default.

    Sources lie outside of what keeps tenants apart, so that a folder is one tenant's or the operator's.
    """
    return tuple(
        entry.replace("{tenant}", tenant) for entry in allow if tenant == DEFAULT_TENANT or "{tenant}" in entry
    )


def check(source: str, allow: Sequence[str]) -> None:
    """`allow` holds folders and URL prefixes. Paths are compared as they are on disk, with links and '..' resolved."""
    if not any(_within(source, prefix) for prefix in allow):
        raise SourceNotAllowed(f"'{source[:200]}' is not among the sources that this service reads.")


def _within(source: str, prefix: str) -> bool:
    if "://" in source or "://" in prefix:
        inside = prefix.rstrip("/")
        dots = "/.." in source or "%2e" in source.lower() or "@" in source.partition("://")[2].partition("/")[0]
        return not dots and (source == inside or source.startswith(f"{inside}/"))
    root, path = os.path.realpath(prefix), os.path.realpath(source)
    return path == root or path.startswith(f"{root.rstrip('/')}/")
