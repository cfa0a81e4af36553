"""clamd by its INSTREAM command: the file is sent over, so that the scanner needs to see no disk of ours.

Protocol: `zINSTREAM\\0`, then chunks of a 4-byte length (network order) and so many bytes, then a length of 0; the answer is
`stream: OK`, `stream: NAME FOUND` or `... ERROR`, ended by NUL (man clamd).
"""

from __future__ import annotations

import socket
import struct
from typing import BinaryIO

from rag.errors import ConfigurationError, TooLarge, Unavailable

CHUNK = 256 * 1024
MOST_ANSWER = 4096


class Clamd:
    """`address`: host:port, or unix:/path/of/clamd.ctl; `seconds` for the whole of one scan's waits each."""

    def __init__(self, address: str, *, seconds: float) -> None:
        self._address, self._seconds = address, seconds

    def scan(self, file: BinaryIO) -> str | None:
        """What was found in it, or None. Raises Unavailable when the scanner is away, TooLarge when it does not take as much."""
        try:
            with self._connected() as scanner:
                answer = self._asked(scanner, file)
        except OSError as error:
            raise Unavailable(
                f"The virus scanner cannot be reached: {error}", "Start clamd, or see antivirus.*."
            ) from error
        text = answer.removeprefix("stream: ").strip()
        if text == "OK":
            return None
        if text.endswith(" FOUND"):
            return text.removesuffix(" FOUND")
        if "size limit exceeded" in text:
            raise TooLarge("The file is larger than the virus scanner takes.", "Raise StreamMaxLength of clamd.")
        raise Unavailable(f"The virus scanner answered '{text[:200]}'.", "Look at its log.")

    def _connected(self) -> socket.socket:
        if self._address.startswith("unix:"):
            scanner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            scanner.settimeout(self._seconds)
            scanner.connect(self._address.removeprefix("unix:"))
            return scanner
        host, colon, port = self._address.rpartition(":")
        if not colon or not port.isdigit():
            raise ConfigurationError(
                f"'{self._address}' is no address of a virus scanner.",
                "Set antivirus.address to host:port or unix:/path.",
            )
        return socket.create_connection((host.strip("[]"), int(port)), timeout=self._seconds)

    def _asked(self, scanner: socket.socket, file: BinaryIO) -> str:
        try:
            scanner.sendall(b"zINSTREAM\0")
            while chunk := file.read(CHUNK):
                scanner.sendall(struct.pack("!I", len(chunk)) + chunk)
            scanner.sendall(struct.pack("!I", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has said already that this is too much
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < MOST_ANSWER and (part := scanner.recv(MOST_ANSWER)):
            answer += part
        return answer.rstrip(b"\0").decode("utf-8", "replace")
