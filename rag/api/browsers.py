"""A service that asks for no key trusts this machine, and so must not trust the browser on it, which runs other people's pages.

Requests of other sites are refused, and names that point here without being ours (DNS rebinding). Addresses and names without a dot
cannot be anybody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from rag.errors import Forbidden

_REMEDY = "Set API keys (server.api_keys), or add the name to server.names if it is yours."


def check_browser(headers: Headers, names: Sequence[str]) -> None:
    """Raises Forbidden."""
    host = headers.get("host", "")
    if not _ours(host, names):
        raise Forbidden(f"The service is not known as '{host[:100]}'.", _REMEDY)
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.casefold() != host.casefold():
        raise Forbidden("The request comes from another site's page.", _REMEDY)
    if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
        raise Forbidden("The request comes from another site's page.", _REMEDY)


def _ours(host: str, names: Sequence[str]) -> bool:
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    if name in {one.casefold() for one in names} or ("." not in name and ":" not in name):
        return True
    try:
        ip_address(name)
    except ValueError:
        return name.endswith(".localhost")
    return True
