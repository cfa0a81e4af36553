"""Deployments as rows of the System page."""

from rag.replies.system import CallFigures, DeploymentState
from ui.screens.running import deployment_row


def test_a_deployment_is_shown_with_its_calls_or_with_dashes() -> None:
    measured = DeploymentState("Ocr", "HEALTHY", 2, 2, calls=CallFigures(1200, 0.04, 2.5, ongoing=3, queued=1))
    assert deployment_row(measured)[2:] == ["2 / 2", "1,200", "3", "1", "40 ms", "2.5 s"]
    assert deployment_row(DeploymentState("Ocr", "HEALTHY", 1, 2))[2:] == ["1 / 2", "–", "–", "–", "–", "–"]
    assert deployment_row(DeploymentState("Llm", calls=CallFigures()))[3:] == ["0", "0", "0", "–", "–"]


def test_a_deployment_that_went_to_zero_is_asleep() -> None:
    assert "asleep" in deployment_row(DeploymentState("Entities", "HEALTHY", 0, 0))[1]
    assert "healthy" in deployment_row(DeploymentState("Entities", "HEALTHY", 1, 1))[1]
