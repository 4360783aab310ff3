"""Shards: a partition, the same everywhere, of about equal cost."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convergent.cases import suites
from convergent.cases.errors import InvalidShard
from convergent.cases.text import parse
from convergent.harness import costs, plan, shard
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Selection, Work
from convergent.harness.shard import Shard

SECONDS = json.loads((Path(__file__).parent / "ci_seconds.json").read_text())
"""What each case of ``ci`` took by each backend, in one run of all of it on two cores."""
BACKENDS = ("scipy", "torch", "tensorflow", "jax")


@pytest.fixture(scope="module")
def planned():
    return plan.plan(BACKENDS, suites.load("ci"), Selection())


@pytest.mark.parametrize("text", ["0/4", "5/4", "a/b", "1/0", "1", "", "-1/4", "1/4 ", "1/99999"])
def test_a_shard_that_there_is_not_is_said(text):
    with pytest.raises(InvalidShard, match="is no shard"):
        Shard.parse(text)


@given(seconds=st.lists(st.floats(0, 1e6), max_size=40), count=st.integers(1, 9))
def test_shards_are_a_partition_in_the_order_of_the_suite(seconds, count):
    works = [Work(parse(f"conv1d:i{n + 3}_k2"), ["conv/native"]) for n in range(len(seconds))]
    of = {str(work.case): cost for work, cost in zip(works, seconds, strict=True)}
    parts = shard.share("torch", works, count, lambda _, work: of[str(work.case)])
    assert sorted(str(w.case) for part in parts for w in part) == sorted(of)
    assert all(part == [work for work in works if work in part] for part in parts)
    loads = [sum(of[str(work.case)] for work in part) for part in parts]
    assert max(loads) <= sum(seconds) / count + max(seconds, default=0) + 1e-6 * sum(seconds)


def loads(planned, cost, count=4):
    """Return the measured seconds of each shard, by variant."""
    return {
        name: [
            sum(SECONDS[name][str(work.case)] for work in part)
            for part in shard.share(name, works, count, cost)
        ]
        for name, works in planned.items()
    }


def uneven(seconds):
    return max(seconds) / (sum(seconds) / len(seconds))


def test_the_table_balances_the_suite_ci(planned):
    """``costs.json`` was measured in other runs than these seconds."""
    found = loads(planned, costs.Costs())
    assert uneven([sum(each) for each in zip(*found.values(), strict=True)]) <= 1.1
    assert all(uneven(each) <= 1.2 for each in found.values())


def test_measured_durations_balance_the_suite_ci(planned):
    found = loads(planned, lambda name, work: SECONDS[name][str(work.case)])
    assert all(uneven(each) <= 1.02 for each in found.values())


def test_a_variant_that_is_added_moves_no_other_checks(planned):
    for count in (2, 5):
        alone = Shard(index=2, count=count).take({"jax": planned["jax"]}, costs.Costs())
        assert Shard(index=2, count=count).take(planned, costs.Costs())["jax"] == alone["jax"]


def test_the_partition_does_not_depend_on_the_processor(planned, monkeypatch):
    before = Shard(index=1, count=4).take(planned, costs.Costs())
    monkeypatch.setattr("convergent.backends.processor.flags", frozenset)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    costs._gaps.cache_clear()
    assert Shard(index=1, count=4).take(planned, costs.Costs()) == before


def test_what_was_measured_wins_over_medians_and_those_over_the_table():
    work = Work(parse("conv1d:i5_k2"), ["conv/native"])
    other = parse("conv1d:i9_k2")
    said = Outcome(variant="torch==2.0", op="conv", method="native", case=str(work.case),
                   verdict="agrees", seconds=7.0, again=1.0)  # fmt: skip
    table = costs.Costs()("torch", work)
    assert 7.9 < costs.Costs([said])("torch==2.1", work) < 8.1
    assert 7.9 < costs.Costs([said])("torch", Work(other, work.keys)) < 8.1
    assert 0 < table < 1
    assert costs.Costs()("torch:compile", work) > 5 * table
    scipy = costs.Costs()("scipy", Work(work.case, ["conv/correlate"]))
    assert costs.Costs()("jax", work) > 2 * scipy


def test_every_method_of_the_backends_has_a_cost(planned):
    of = costs.Costs()
    assert all(of(name, work) > 0 for name, works in planned.items() for work in works[:20])
    assert of("nobody", planned["jax"][0]) > 0
