"""Errors survive the trip between processes and say what to do."""

import inspect
import pickle

import pytest

from rag import errors

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.RedwellError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_pickling_keeps_type_detail_and_remedy(kind):
    back = pickle.loads(pickle.dumps(kind("what happened", "what to do")))
    assert type(back) is kind
    assert (back.detail, back.remedy, str(back)) == ("what happened", "what to do", "what happened")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_remedy_and_a_status(kind):
    error = kind()
    assert error.remedy
    assert error.detail
    assert 400 <= error.status < 600
    assert error.as_dict()["code"] == kind.code


def test_codes_are_unique_among_leaves():
    leaves = [kind for kind in ALL if not kind.__subclasses__()]
    assert len({kind.code for kind in leaves}) == len(leaves)
