"""Joining a Ray cluster that runs already."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ingestion.command import bring_token
from rag.errors import Unavailable
from rag.settings import Settings


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    from ingestion import batch

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match="cannot be joined"), batch.cluster(Settings(), address=address):
            pass


def test_the_users_own_token_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "")
    monkeypatch.delenv("RAY_AUTH_MODE")
    bring_token()

    assert "RAY_AUTH_MODE" not in os.environ
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("x")
    bring_token()
    assert os.environ["RAY_AUTH_MODE"] == "token"
