"""The picture of a page: larger, small ones of the others; the way from a name to other documents; small screens."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from rag.client import RedwellClient
from rag.replies.rollouts import ArmCount, Arms, ModelRollout, RolloutGuard
from tests.ui.test_pages import app, at, pictures
from ui.screens.trials import rows

__all__ = ["app"]


def test_a_thumbnail_turns_to_its_page(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease)
    app.toggle(key="thumbnails").set_value(True).run()
    assert pictures(app) == 3
    app.button(key="thumbnail 2").click().run()
    assert app.query_params["page"] == "2"


def test_a_page_can_be_looked_at_larger(app: AppTest, lease: str) -> None:
    at(app, "document", document=lease)
    app.button_group(key="zoom").set_value(2.0).run()
    assert pictures(app) == 1
    assert not app.exception


def test_a_name_leads_to_other_documents_with_it(app: AppTest, client: RedwellClient, lease: str) -> None:
    at(app, "document", document=lease)
    next(found for found in app.button if found.label.startswith("Helena Varga")).click().run()
    assert "Other documents with Helena Varga" in [found.label for found in app.button]


def test_a_trial_shows_both_models() -> None:
    arms = Arms(stable=ArmCount(90, 1, 0.5), candidate=ArmCount(10, 0, 0.25))
    trial = ModelRollout("r", "new", "old", "gradual", "running", 1, 0.1, 10, RolloutGuard((0.1,), 50, 60.0), arms)
    assert rows(trial) == [
        ["new", "gradual", "running", "10%", "10", "0", "0.2 s", ""],
        ["old", "", "", "90%", "90", "1", "0.5 s", ""],
    ]
