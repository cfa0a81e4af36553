"""What Ray is started with."""

from __future__ import annotations

import os

from rag.serving import ray_defaults


def test_what_somebody_set_himself_stays(monkeypatch):
    for name in ray_defaults.STARTING | ray_defaults.IDLING:
        monkeypatch.setenv(name, "")  # put back what was there, at the end
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAY_SERVE_CONTROL_LOOP_INTERVAL_S", "0.1")
    ray_defaults.apply()
    assert os.environ["RAY_SERVE_CONTROL_LOOP_INTERVAL_S"] == "0.1"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert os.environ["RAY_SERVE_METRICS_EXPORT_INTERVAL_MS"] == "5000"
