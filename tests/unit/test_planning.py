"""Cards, replicas and expected times of a load."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET

import pytest
from typer.testing import CliRunner

from rag.bench.packing import Call, Played, alone
from rag.cli import app
from rag.errors import ConfigurationError
from rag.planning.measure import stage_seconds
from rag.planning.pack import Cards, Replica, pack, share_of
from rag.planning.picture import lines, svg
from rag.planning.plan import fewest_cards, make_plan, mean_wait
from rag.planning.stages import FIELD_CASE, Load, StageCost, profile_stages, with_memory, with_times
from rag.replies.documents import Document, Stage
from rag.settings import load

CARDS = Cards(12, 80, 4)


def test_one_pod_a_model_takes_twelve_cards_and_packed_six() -> None:
    wanted = Load(documents_per_second=1.1)
    apart = make_plan(alone(FIELD_CASE, CARDS), wanted, CARDS)
    packed = fewest_cards(FIELD_CASE, wanted, CARDS)
    assert (apart.cards_used, packed.cards_used) == (12, 6)
    assert packed.use == pytest.approx(2 * apart.use)
    assert packed.document_seconds < apart.in_turn_seconds
    assert packed.bottleneck == "llm"


def test_the_workers_of_a_replica_share_a_node_and_no_card() -> None:
    plan = fewest_cards(FIELD_CASE, Load(1.1), CARDS)
    seats = [(card.node, card.number) for card in plan.cards for replica in card.replicas if replica.stage == "llm"]
    assert len(set(seats)) == 4
    assert len({node for node, _ in seats}) == 1


def test_an_engine_over_several_cards_leaves_no_crumbs_of_them() -> None:
    plan = fewest_cards(FIELD_CASE, Load(1.1), CARDS)
    assert {stage.name: stage.gpus for stage in plan.stages if stage.workers > 1} == {"llm": 1.0}


def test_no_card_is_given_away_twice() -> None:
    for rate in (0.2, 0.7, 1.1, 1.9, 2.6):
        plan = fewest_cards(FIELD_CASE, Load(rate), Cards(32, 80, 8))
        assert all(card.share <= 1 + 1e-9 for card in plan.cards)
        assert all(stage.use <= 0.85 + 1e-9 for stage in plan.stages)
        assert plan.most_documents_per_second >= rate


def test_a_replica_that_fits_nowhere_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"llm-0 .* finds no room on 4 cards in nodes of 2"):
        make_plan(FIELD_CASE, Load(0.1), Cards(4, 80, 2))
    with pytest.raises(ConfigurationError, match="needs 70 GiB, a card has 24"):
        make_plan(FIELD_CASE, Load(0.1), Cards(8, 24, 4))


def test_the_fullest_card_that_fits_is_taken() -> None:
    replicas = [Replica("a", 0, 1, 0.6, 0.1), Replica("b", 0, 1, 0.5, 0.1), Replica("c", 0, 1, 0.4, 0.1)]
    table = pack(replicas, Cards(3, 80, 3))
    assert [[one.stage for one in card.replicas] for card in table] == [["a", "c"], ["b"], []]


@pytest.mark.parametrize(("memory", "use", "share"), [(8, 0.1, 0.15), (1, 0.4, 0.5), (72, 0.1, 0.9), (73, 0.1, 1.0)])
def test_a_share_covers_memory_and_work_and_is_one_that_ray_can_give(memory: float, use: float, share: float) -> None:
    assert share_of(memory, use, CARDS, most_use=0.85) == pytest.approx(share)


def test_waiting_grows_with_use_and_has_no_end_when_full() -> None:
    assert mean_wait(0, 1, 1) == 0
    assert mean_wait(0.5, 1, 1) == pytest.approx(0.5)  # M/D/1: use / (2 (1 - use)) services
    assert mean_wait(0.9, 1, 1) == pytest.approx(4.5)
    assert mean_wait(1.8, 1, 2) < mean_wait(0.9, 1, 1)
    assert mean_wait(2, 1, 2) == math.inf


def test_more_documents_ask_for_more_replicas_and_questions_take_their_part() -> None:
    settings = load("cluster")
    stages = with_memory(profile_stages(settings), settings, 80)
    few = {stage.name: stage.replicas for stage in make_plan(stages, Load(0.05), Cards(16, 80, 8)).stages}
    many = {stage.name: stage.replicas for stage in make_plan(stages, Load(2, 8), Cards(32, 80, 8)).stages}
    assert (few["llm"], few["ocr"]) == (1, 4)
    assert (many["llm"], many["ocr"]) == (3, 29)


def test_measured_times_replace_the_estimates() -> None:
    class Library:
        def documents(self) -> list[Document]:
            stages = [{"entities": Stage("done", seconds)} for seconds in (0.2, 0.4, 0.9)]
            return [Document("d", stages=found) for found in [*stages, {"entities": Stage("failed", 60.0)}]]

    seconds = stage_seconds(Library(), {"entities", "llm"})
    assert seconds == {"entities": 0.4}
    assert [stage.seconds for stage in with_times([StageCost("entities", 9)], seconds)] == [0.4]
    with pytest.raises(ConfigurationError, match="no stage 'ner'"):
        with_times([StageCost("entities", 9)], {"ner": 1})


def test_the_picture_shows_every_replica_on_its_card() -> None:
    plan = fewest_cards(FIELD_CASE, Load(1.1), CARDS)
    drawing = ET.fromstring(svg(plan))
    texts = [element.text or "" for element in drawing.iter() if element.tag.endswith("text")]
    assert sum(text.startswith("llm-0") for text in texts) == 4
    assert sum(text.startswith(("entities-", "classifier-")) for text in texts) == 4
    assert len(list(lines(plan))) == 6


def test_use_is_what_the_cards_were_kept_busy() -> None:
    calls = (
        Call("llm", "r", (("n", 0), ("n", 1)), 2.0),
        Call("llm", "r", (("n", 0), ("n", 1)), 2.0),
        Call("entities", "e", (("n", 2),), 1.0),
        Call("ocr", "o", (), 9.0),
    )
    played = Played((1.0,), 10.0, calls, {"llm": 2, "entities": 1, "ocr": 1})
    assert played.cards == 3
    assert played.use() == pytest.approx((0.2 + 0.2 + 0.1) / 3)


def test_the_command_prints_cards_and_bottleneck(tmp_path) -> None:
    picture = tmp_path / "cards.svg"
    arguments = ["plan", "--field-case", "--documents", "3960", "--gpus", "12", "--gpus-per-node", "4"]
    shown = CliRunner().invoke(app, [*arguments, "--picture", str(picture)])
    assert shown.exit_code == 0, shown.output
    assert "6 of 12 cards" in shown.output
    assert "llm is full first, at 6,000 documents an hour" in shown.output
    assert ET.fromstring(picture.read_text()).tag.endswith("svg")
    result = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert result["cards_used"] == 6


def test_a_profile_without_cards_can_be_planned() -> None:
    shown = CliRunner().invoke(app, ["plan", "--profile", "cpu", "--gpus", "0", "--documents", "100"])
    assert shown.exit_code == 0, shown.output
    assert "documents an hour" in shown.output
