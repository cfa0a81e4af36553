"""Who looks at the page, where people sign in with OpenID Connect: st.login, as the secrets of the page say.

[auth]                                   # Streamlit's own section; docs/page.md
redirect_uri = "https://redwell.example.org/oauth2callback"
cookie_secret = "..."
client_id = "..."
client_secret = "..."
server_metadata_url = "https://issuer.example.org/.well-known/openid-configuration"

[redwell]
people = ["*@example.org"]               # who may come in; without it, whoever the issuer lets in

[redwell.keys]
"alice@example.org" = "rw_..."           # a person's own API key; others work with REDWELL_API_KEY
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import streamlit as st


def configured() -> bool:
    """Whether the page's secrets name an issuer."""
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def person() -> str | None:
    """E-mail address or subject of who is signed in; None where nobody is, or nobody has to be."""
    if not configured() or not st.user.is_logged_in:
        return None
    return name_of(dict(st.user))


def name_of(claims: Mapping[str, Any]) -> str:
    """An address counts only where the issuer does not deny that it is verified."""
    address = str(claims.get("email") or "")
    verified = claims.get("email_verified", True) not in (False, "false")
    return address.lower() if address and verified else str(claims.get("sub") or "")


def own() -> Mapping[str, Any]:
    """The section [redwell] of the page's secrets."""
    found: Mapping[str, Any] = st.secrets.get("redwell", {}) if configured() else {}
    return found


def welcome(name: str, section: Mapping[str, Any]) -> bool:
    """Whether `people` lets this person in."""
    allowed = section.get("people")
    return bool(name) and (allowed is None or any(fnmatchcase(name, str(one).lower()) for one in allowed))


def key_of(name: str | None, section: Mapping[str, Any]) -> str | None:
    """The person's own API key, where the secrets hold one."""
    keys = {str(one).lower(): str(key) for one, key in dict(section.get("keys", {})).items()}
    return keys.get(name or "")
