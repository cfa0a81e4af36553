"""A small OpenID Connect issuer on a local port: it lets one person in without asking, and signs with a key of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlparse

from joserfc import jwt
from joserfc.jwk import RSAKey


@contextmanager
def issuing(person: str, client_id: str) -> Iterator[str]:
    """Yields the issuer's address."""
    key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    nonces: dict[str, str] = {}

    class Issuer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked, query = urlparse(self.path), {k: v[0] for k, v in parse_qs(urlparse(self.path).query).items()}
            if asked.path == "/authorize":
                nonces["code"] = query.get("nonce", "")
                answer = urlencode({"code": "code", "state": query["state"]})
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri']}?{answer}")
                self.end_headers()
            elif asked.path == "/jwks":
                self._json({"keys": [key.as_dict(private=False)]})
            else:
                self._json(
                    {
                        "issuer": url,
                        "authorization_endpoint": f"{url}/authorize",
                        "token_endpoint": f"{url}/token",
                        "jwks_uri": f"{url}/jwks",
                        "response_types_supported": ["code"],
                        "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }
                )

        def do_POST(self) -> None:
            now = int(time.time())
            claims = {"iss": url, "aud": client_id, "sub": "s1", "email": person, "iat": now, "exp": now + 600}
            token = jwt.encode({"alg": "RS256", "kid": "1"}, claims | {"nonce": nonces["code"]}, key)
            self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

        def _json(self, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
