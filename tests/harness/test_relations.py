"""Relations: true of the oracle in any order of summation, and what bounds them is a bound."""

import math

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from convergent.backends import numpy as maps
from convergent.backends import oracle, registry
from convergent.cases import data, dtypes
from convergent.cases.case import MEMORY, SPECIAL
from convergent.cases.errors import UnknownMethod
from convergent.cases.strategies import cases
from convergent.cases.text import parse
from convergent.harness import environment, ledger, plan, relations
from convergent.harness.ask import Asker
from convergent.harness.cli.list import command
from convergent.harness.outcome import Outcome
from convergent.harness.relations import RELATED, RELATIONS, Given, Problem, majorant

OPERANDS = {"conv": ("x", "w"), "backprop_input": ("dy", "w"), "backprop_filter": ("x", "dy")}
REAL = ("normal", "uniform")


def map_of(op):
    return "backprop_input" if op == "transpose" else op


def exact(problem, op):
    """Return the oracle's result, rounded once."""
    case = problem.case
    named = dict(zip(("x", "w", "dy"), problem.operands, strict=True))
    operands = (dtypes.decode(named[name], case.dtype) for name in OPERANDS[map_of(op)])
    return dtypes.encode(maps.MAPS[map_of(op)](case, *operands), case.dtype)


def summed_in(form, *, backwards=False):
    """Return a computer that adds one product after another, each rounded to ``form``."""

    def compute(problem, op):
        case, total = problem.case, np.zeros(problem.case.shape(majorant.role(op)))
        for product in _products(problem, map_of(op), backwards):
            rounded = dtypes.round_to(product, dtypes.FORMATS[form])
            total = dtypes.round_to(total + rounded, dtypes.FORMATS[form])
        return dtypes.encode(total, case.dtype)

    return compute


def _products(problem, name, backwards):
    """Yield maps of one tap and one summed channel or sample: a product at most per element."""
    case = problem.case
    named = dict(zip(("x", "w", "dy"), problem.operands, strict=True))
    x, w, dy = (dtypes.decode(named[n], case.dtype) for n in ("x", "w", "dy"))
    step = -1 if backwards else 1
    if name == "backprop_filter":
        for place in list(np.ndindex(case.batch, *case.output))[::step]:
            one = np.zeros_like(dy)
            one[place] = dy[place]
            yield maps.backprop_filter(case, x, one)
        return
    axis = case.dims if name == "conv" else case.dims + 1
    for place in list(np.ndindex(*case.kernel, w.shape[axis]))[::step]:
        one = np.zeros_like(w)
        index = (
            (*place[:-1], place[-1]) if name == "conv" else (*place[:-1], slice(None), place[-1])
        )
        one[index] = w[index]
        yield maps.conv(case, x, one) if name == "conv" else maps.backprop_input(case, dy, one)


def check(case, op, compute, compute_twin):
    """Yield each relation that says something, with its judgement."""
    operands = data.make(case)
    problem = Problem(case, operands)
    base = Given(problem, op, compute(problem, op))
    for name in RELATIONS:
        claim = relations.claim(f"{op}/any@{name}", case)
        if claim is None:
            continue
        givens = []
        for twin in claim.twins:
            other = Problem(twin.case, twin.operands(operands))
            for role, array in zip(("x", "w", "y"), other.operands, strict=True):
                assert array.shape == twin.case.shape(role)
            # A multiple commutes with roundings of one order, not of two.
            way = compute if claim.kind == "bits" else compute_twin
            givens.append(Given(other, twin.op or op, way(other, twin.op or op)))
        yield name, relations.measure(claim, base, givens)


@settings(max_examples=300)
@given(cases(), st.sampled_from(MEMORY), st.sampled_from(RELATED))
def test_the_oracle_holds_every_relation(case, memory, op):
    for name, found in check(case.replace(memory=memory), op, exact, exact):
        assert found.verdict in ("agrees", "mistrusted"), (name, found)


@settings(max_examples=100)
@given(cases(dims=(1, 2)), st.sampled_from(RELATED))
def test_so_does_a_sum_in_the_accumulator_in_two_orders(case, op):
    form = dtypes.FORMATS[case.dtype].accumulator
    ways = (summed_in(form), summed_in(form, backwards=True))
    for name, found in check(case, op, *ways):
        assert found.verdict in ("agrees", "mistrusted"), (name, found)
        assert found.verdict == "mistrusted" or found.ratio <= 1


@settings(max_examples=40)
@given(cases(dims=(1, 2), dtypes=("float16", "bfloat16"), data=REAL), st.sampled_from(RELATED))
def test_summing_in_the_narrow_type_is_never_called_a_wrong_value(case, op):
    ways = (summed_in(case.dtype), summed_in(case.dtype, backwards=True))
    for name, found in check(case, op, *ways):
        assert found.verdict != "differs", (name, found)


@settings(max_examples=200)
@given(cases(), st.sampled_from(RELATED))
def test_majorants_are_above_what_they_bound(case, op):
    operands = data.make(case)
    expected = oracle.expect(case, op, operands)
    bound = majorant.magnitude(case, op, operands)
    assert bound.shape == expected.magnitude.shape
    assert (bound >= expected.magnitude * (1 - 1e-12)).all()
    assert majorant.longest(case, op) == expected.terms.max()
    assert majorant.summed(case, op) == np.count_nonzero(expected.terms)


@settings(max_examples=100)
@given(cases(), st.sampled_from(RELATED))
def test_twins_are_views_where_a_result_is_compared(case, op):
    role = majorant.role(op)
    for name in RELATIONS:
        claim = relations.claim(f"{op}/any@{name}", case)
        for twin in claim.twins if claim else ():
            mine, other = np.zeros(case.shape(role)), np.zeros(twin.case.shape(role))
            ours, theirs = twin.place(role).ours(mine), twin.place(role).theirs(other)
            assert np.shares_memory(ours, mine)
            if claim.kind != "inner":
                assert np.shares_memory(theirs, other)
                assert ours.shape == theirs.shape


def test_one_wrong_element_of_exact_data_breaks_a_relation():
    case = parse("conv2d:n2_i6_c3_k3_o4")
    for op in RELATED:

        def wrong(problem, op):
            result = exact(problem, op)
            result.flat[1] += 1
            return result

        verdicts = dict(check(case, op, wrong, exact))
        for name in ("batch_order", "flipped", "larger_image"):
            assert verdicts[name].verdict == "differs"
            assert verdicts[name].outside == 1


def test_every_relation_has_a_meaning_of_one_line():
    for name, relation in RELATIONS.items():
        assert name == relation.name
        assert name.replace("_", "").isalpha()
        assert "\n" not in relation.meaning
    shown = CliRunner().invoke(command, ["relations"]).output.splitlines()
    assert [line.split()[0] for line in shown] == list(RELATIONS)


@pytest.mark.parametrize("data", SPECIAL)
def test_relations_say_nothing_of_special_data(data):
    case = parse("conv2d:n2_i6_k3").replace(data=data)
    assert not any(relations.claim(f"conv/any@{name}", case) for name in RELATIONS)


def keys(case, **fields):
    works = plan.plan(["scipy"], [parse(case)], plan.Selection(**fields))["scipy"]
    return [key for work in works for key in work.keys]


def test_relations_are_planned_if_they_are_asked_for():
    assert not any("@" in key for key in keys("conv1d:i5_k2"))
    both = keys("conv1d:i5_k2", relations=True)
    alone = keys("conv1d:i5_k2", relations=True, ordinary=False)
    assert set(both) == {*keys("conv1d:i5_k2"), *alone}
    assert all("@" in key for key in alone)
    assert not any("batch_order" in key or "jacobian" in key for key in alone)


def test_a_pattern_may_name_relations():
    case = "conv1d:n2_i5_k2"
    one = keys(case, methods=("conv/corr*@batch_*", "conv/sparse_matrix"))
    assert one == ["conv/correlate@batch_order", "conv/sparse_matrix"]
    assert keys(case, ops=("conv",), methods=("correlate@[bf]*",)) == [
        "conv/correlate@batch_order",
        "conv/correlate@flipped",
    ]
    with pytest.raises(UnknownMethod, match="no relation fits"):
        keys(case, methods=("conv/*@symmetric",))


def test_the_digest_of_a_plan_sees_relations():
    case = [parse("conv1d:i5_k2")]
    plans = [plan.plan(["scipy"], case, plan.Selection(relations=r)) for r in (False, True)]
    assert plan.digest(plans[0]) != plan.digest(plans[1])


def test_a_case_too_large_for_the_oracle_is_planned_by_relations_alone(monkeypatch):
    case = parse("conv2d:i5_k2")
    elements = sum(math.prod(case.shape(role)) for role in "xwy")
    monkeypatch.setattr(environment, "memory_gib", lambda: elements * 50 / 2**30)
    found = keys(str(case))
    assert "backprop_bias/sum" in found  # no relation speaks of it: it will be mistrusted
    assert len([key for key in found if key.startswith("conv/correlate@")]) > 5
    assert not any(key in RELATED for key, at, _ in (key.partition("@") for key in found) if not at)


def test_a_single_relation_is_asked_by_its_key():
    with Asker() as ask:
        case = parse("conv2d:n2_i6_k3_normal")
        name = next(key for key in registry.get("scipy").methods() if key.startswith("conv/"))
        assert ask("scipy", f"{name}@flipped", case).verdict == "agrees"
        assert ask("scipy", name, case).verdict == "agrees"
        for wrong, said in (("symmetric", "is no relation"), ("subsampled", "says nothing")):
            with pytest.raises(UnknownMethod, match=said):
                ask("scipy", f"{name}@{wrong}", case)


def test_a_known_divergence_of_a_twin_excuses_the_relation():
    entry = ledger.Entry(
        variant="scipy",
        checks=("conv/correlate",),
        verdicts=("differs",),
        when=("channels_last",),
        example="conv/correlate/conv1d:i5_k2",
        kind="notyet",
        reason="known",
        issue="not reported before",
    )
    book = ledger.Ledger((entry,))
    for relation, excused in (("other_layout", True), ("negation", False)):
        outcome = Outcome(
            variant="scipy",
            op="conv",
            method=f"correlate@{relation}",
            case="conv1d:i5_k2_ncw",
            verdict="differs",
        )
        assert bool(book.excuse(outcome, "1.0").known) == excused


def test_a_case_too_large_to_be_drawn_is_planned_as_it_is(monkeypatch):
    monkeypatch.setattr(environment, "memory_gib", lambda: 1e-9)
    assert "conv/correlate" in keys("conv2d:i5_k2")
    with Asker() as ask:
        for key in ("conv/correlate", "conv/correlate@flipped"):
            assert ask("scipy", key, parse("conv2d:i5_k2")).verdict == "mistrusted"
