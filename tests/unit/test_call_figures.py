"""What Ray's nodes show of Serve's calls becomes a row a deployment."""

import pytest

from rag.runtime.call_figures import CallFigures, call_figures, quantile

INF = float("inf")


def latency(deployment: str, replica: str, counts: dict[str, int], application: str = "redwell") -> str:
    tags = f'application="{application}",deployment="{deployment}",replica="{replica}",route="/v1/ask"'
    name = "ray_serve_deployment_processing_latency_ms"
    lines = [f'{name}_bucket{{{tags},le="{bound}"}} {count}' for bound, count in counts.items()]
    return "\n".join([*lines, f"{name}_sum{{{tags}}} 1.0", f"{name}_count{{{tags}}} {max(counts.values())}", ""])


def test_replicas_and_nodes_are_added_up():
    first = latency("Ocr", "a", {"100.0": 0, "200.0": 10, "+Inf": 10})
    second = latency("Ocr", "b", {"100.0": 0, "200.0": 9, "+Inf": 10})
    gauge = 'ray_serve_replica_processing_queries{application="redwell",deployment="Ocr",replica="a"} 2.0\n'
    queued = 'ray_serve_deployment_queued_queries{application="redwell",deployment="Ocr",handle="h"} 3.0\n'
    other = '# HELP ray_node_cpu x\n# TYPE ray_node_cpu gauge\nray_node_cpu{x="1"} 4\n'
    found = call_figures([other + first + gauge, second + gauge + queued], "redwell")
    assert found == {"Ocr": CallFigures(20, found["Ocr"].median, 0.2, ongoing=4, queued=3)}
    assert found["Ocr"].median == pytest.approx(0.1 + 0.1 * 10 / 19)


def test_another_application_is_not_counted():
    assert call_figures([latency("Ocr", "a", {"100.0": 1, "+Inf": 1}, application="other")], "redwell") == {}


def test_a_deployment_that_nobody_called_has_no_times():
    text = 'ray_serve_replica_processing_queries{application="redwell",deployment="Llm",replica="a"} 0.0\n'
    assert call_figures([text], "redwell") == {"Llm": CallFigures()}


def test_without_figures_nothing_is_measured():
    assert call_figures(["# nothing here\n", ""], "redwell") == {}


@pytest.mark.parametrize(
    ("share", "buckets", "seconds"),
    [
        (0.5, {10.0: 0, 20.0: 4, INF: 4}, 0.015),
        (0.95, {10.0: 100, 20.0: 100, INF: 100}, 0.0095),
        (0.95, {10.0: 1, INF: 10}, 0.01),
        (0.5, {10.0: 0, INF: 0}, None),
        (0.5, {}, None),
    ],
)
def test_a_quantile_is_linear_in_its_bucket(share, buckets, seconds):
    found = quantile(share, buckets)
    assert found == (None if seconds is None else pytest.approx(seconds))
