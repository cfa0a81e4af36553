"""One file by HTTP from an address that may be reached: public ones only, at every redirect, and the one that was looked at."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from rag.callbacks.webhooks import public_address
from rag.errors import Forbidden, InvalidInput, NotFound, TooLarge, Unavailable

REDIRECTS = 5
SECONDS = 60.0
REMEDY = "Set ingestion.private_addresses for servers inside your own network."


def download(url: str, path: Path, *, limit: int, private: bool) -> None:
    """Blocking. `private`: loopback, private and link-local addresses too.

    The name is resolved once, and what is asked is that address, under its name: one that changes in between (DNS
    rebinding) is not asked again. Raises Forbidden, NotFound, TooLarge over `limit` bytes, Unavailable.
    """
    with httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
        for _ in range(REDIRECTS + 1):
            moved = _asked(client, url, path, limit=limit, private=private)
            if moved is None:
                return
            url = moved
    raise Unavailable(f"{url} is redirected more than {REDIRECTS} times.")


def _asked(client: httpx.Client, url: str, path: Path, *, limit: int, private: bool) -> str | None:
    """Where it has moved; None once the file is there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"'{url}' is no web address.", "Write it as https://host/path.")
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = asyncio.run(public_address(host, port, allow_private=private))
    except Forbidden as error:
        raise Forbidden(error.detail, REMEDY) from error
    literal = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    name = parts.netloc.rpartition("@")[2]
    try:
        # The certificate is still the name's: `sni_hostname` is what it is checked against.
        with client.stream("GET", target, headers={"Host": name}, extensions={"sni_hostname": host}) as response:
            if response.has_redirect_location:
                return urljoin(url, response.headers["location"])
            if response.status_code in (404, 410):
                raise NotFound(f"{url} answers {response.status_code}.", "Check the address.")
            if not response.is_success:
                raise Unavailable(f"{url} answers {response.status_code}.")
            _kept(response, url, path, limit)
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} cannot be read: {error or type(error).__name__}") from error
    return None


def _kept(response: httpx.Response, url: str, path: Path, limit: int) -> None:
    size = 0
    with path.open("wb") as target:
        for piece in response.iter_bytes(1 << 20):
            size += len(piece)
            if size > limit:
                raise TooLarge(f"{url} has {size} bytes or more; the limit is {limit}.")
            target.write(piece)
