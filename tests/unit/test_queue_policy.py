"""How many analyzers the queue asks for."""

from types import SimpleNamespace

import pytest

from rag.runtime.queue_policy import DEPTH, QueuePolicy
from rag.sections.scaling import Scaling


@pytest.mark.parametrize(("told", "wanted"), [({}, 3), ({"a": 0.0}, 1), ({"a": 16.0}, 2), ({"a": 16.0, "b": 17.0}, 3)])
def test_one_for_every_so_many_documents(told, wanted):
    context = SimpleNamespace(aggregated_metrics={DEPTH: told} if told else {}, target_num_replicas=3)
    assert QueuePolicy(8)(context) == (wanted, {})


def test_options_name_the_policy_where_the_number_is_open():
    open_number = Scaling(max_replicas=4).serve_options(queued_per_replica=8)["autoscaling_config"]
    assert open_number["policy"]["policy_kwargs"] == {"per_replica": 8}
    assert "policy" not in Scaling(max_replicas=4).serve_options()["autoscaling_config"]
    assert "autoscaling_config" not in Scaling().serve_options(queued_per_replica=8)
