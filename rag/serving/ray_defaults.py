"""What Redwell asks of a Ray that it starts itself. A variable that is set already stays as it is."""

from __future__ import annotations

import os

STARTING = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray's workers, Serve's proxy among them, else run at 15: anything else on the machine goes before who answers here.
    "RAY_worker_niceness": "0",
    # Workers that nobody uses any more end after a second: one of them checked the Llm's arguments and holds vLLM for that.
    "RAY_num_workers_soft_limit": "0",
    # Three of these after its end, a proxy is started again.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "0.5",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "5",
    # A proxy has three times this long to start; by default 15 s in all, which a busy machine needs for its imports alone.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "30",
    "RAY_SERVE_LLM_DEFAULT_HEALTH_CHECK_TIMEOUT_S": "120",
}

IDLING = {
    # What processes do that have nothing to do. The threads of a model on the CPU wait for each other at every layer: each
    # moment that somebody else takes a core from one of them, all of them stand (docs/performance.md).
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",  # 0.1: Serve's controller looks at every replica
    "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "5000",  # 100: each replica hands on its figures, which nobody reads so often
    "RAY_task_events_report_interval_ms": "0",  # 1000: each call is recorded for Ray's dashboard, which is off
    "RAY_event_stats": "0",  # 1: how long each event waited, for debug_state.txt; an eighth of what idle processes take
    "REPORTER_UPDATE_INTERVAL_MS": "30000",  # 5000: every process's memory is asked for
    "RAY_DASHBOARD_AGENT_CHECK_PARENT_INTERVAL_S": "1",  # 0.4
}


def apply() -> None:
    """Before Ray starts."""
    for name, value in (STARTING | IDLING).items():
        os.environ.setdefault(name, value)


def end_idle_processes() -> None:
    """Of the Ray that this process started, what nobody here asks for anything, and what `ray.init` has no option for: the log
    monitor, which reads all logs ten times a second to repeat them at a driver that wants none (`log_to_driver`), the dashboard's
    server, started without its pages (`include_dashboard`), and the autoscaler's monitor, where there is one machine."""
    from ray._private.worker import _global_node

    if _global_node is not None:
        for end in (_global_node.kill_log_monitor, _global_node.kill_dashboard, _global_node.kill_monitor):
            end(check_alive=False)
