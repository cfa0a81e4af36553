"""Callbacks: who asked to be told hears when a document or a job ends, signed, again and again until it answers.

A callback may not be used to reach into the network around the service: the name is resolved once, every address has to
be public, and the connection goes to the very address that was checked, so that a second answer of the name's server
cannot lead it elsewhere. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from rag.errors import Forbidden, InvalidInput, Unavailable

SIGNATURE = "Redwell-Signature"
LONGEST_PAUSE_SECONDS = 3600.0


def checked_url(url: str, *, secret: str) -> str:
    """The URL when callbacks can be sent to it. Raises InvalidInput."""
    parts = urlsplit(url)
    try:
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        port_is_number = False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_number or len(url) > 2000:
        raise InvalidInput(f"'{url[:200]}' is no address for callbacks.", "Give an http:// or https:// URL.")
    if parts.username or parts.password:
        raise InvalidInput("The address of a callback holds a password.", "Check the signature instead.")
    if not secret:
        raise InvalidInput(
            "Callbacks are signed, and no secret is set.", "Set REDWELL_WEBHOOKS__SECRET on the service and restart it."
        )
    return url


def signature(secret: str, body: bytes, *, at: int) -> str:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 of 't.body'>`: the time is signed too, so that nothing can be replayed."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def verify(secret: str, body: bytes, header: str, *, now: float | None = None, tolerance: float = 300) -> bool:
    """For receivers: whether `header` signs these bytes with this secret, not longer than `tolerance` seconds ago."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    if not parts.get("t", "").isdigit():
        return False
    at = int(parts["t"])
    fresh = abs((time.time() if now is None else now) - at) <= tolerance
    return fresh and hmac.compare_digest(signature(secret, body, at=at), header)


def pause(attempt: int) -> float:
    """Seconds until the next try: 5, 10, 20 ... up to an hour."""
    return min(5.0 * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)


async def public_address(host: str, port: int, *, allow_private: bool) -> str:
    """One address of the host, when all of them may be reached. Raises Forbidden, Unavailable when there is none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"{host} cannot be resolved: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise Unavailable(f"{host} has no address.")
    for address in addresses:
        if not (allow_private or _public(address)):
            raise Forbidden(
                f"{host} is {address}, which is no public address.", "Set webhooks.allow_private for receivers inside."
            )
    return addresses[0]


async def send(
    url: str, event: str, data: Mapping[str, Any], *, secret: str, seconds: float, allow_private: bool, delivery: str
) -> None:
    """POST one event. Raises Unavailable when it was not taken (anything but 2xx), Forbidden for private addresses."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = await public_address(host, port, allow_private=allow_private)
    literal = f"[{address}]" if ":" in address else address
    body = json.dumps({"event": event, "delivery": delivery, "data": data}, ensure_ascii=False).encode()
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "redwell-webhook/1",
        "Redwell-Event": event,
        "Redwell-Delivery": delivery,
        SIGNATURE: signature(secret, body, at=int(time.time())),
    }
    target = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    try:
        # The certificate is still the name's: `sni_hostname` is what it is checked against.
        extensions = {"sni_hostname": host}
        async with (
            httpx.AsyncClient(timeout=seconds, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", target, content=body, headers=headers, extensions=extensions) as response,
        ):
            status = response.status_code
    except httpx.HTTPError as error:
        raise Unavailable(f"{host} did not answer: {str(error) or type(error).__name__}") from error
    if not 200 <= status < 300:
        raise Unavailable(f"{host} answered {status}.")


def _public(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return (mapped or parsed).is_global and parsed.is_global and not parsed.is_multicast
