"""The planted faults are what they say: one thing wrong each, over a backend that is right."""

import sys
from pathlib import Path

import numpy as np
import pytest

from convergent.backends.base import OPS
from convergent.backends.contracts import TABLE
from convergent.backends.expected import Expected
from convergent.backends.memory import laid
from convergent.cases import data, suites
from convergent.cases.data import Operands
from convergent.cases.text import parse
from convergent.harness import bounds, diagnose
from convergent.harness.outcome import Outcome
from convergent.harness.referee import Referee, asks

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from mutation import correct, faults, page, score  # noqa: E402 - a folder of scripts

FAULTS = faults.load()
BASE = "conv2d:n2_i5x6_c3_k3x2_o4_p1"
SPREAD = "conv2d:n2_i9x8_c3_k3x2_o4_d2_nonfinite"
PURE = [f for f in FAULTS.values() if f.effect in ("", "view")]
BOUND_MODELS = {
    model.name
    for dtype in ("float64", "float32", "float16", "bfloat16")
    for kind in ("normal", "tiny")
    for model in bounds.models(
        Expected(value=np.ones(1), magnitude=np.ones(1), terms=np.ones(1, np.int64)),
        dtype,
        np.ones(1),
        exact=False,
        data=kind,
    )
}


def given(fault):
    """Return the case that shows a fault and its operands, laid out as the case says."""
    case = parse(fault.shown_in)
    return case, Operands(*(laid(a, case.memory) for a in fault.given(data.make(case))))


def same(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def test_there_are_enough_faults_and_every_class_has_some():
    assert len(FAULTS) - sum(bool(f.equivalent) for f in FAULTS.values()) >= 75
    assert {f.kind for f in FAULTS.values()} == set(faults.CLASSES)


def test_no_two_faults_have_one_name_or_sentence():
    assert len({f.sentence for f in FAULTS.values()}) == len(FAULTS)
    with pytest.raises(ValueError, match="two faults are called pads_swapped"):
        faults.fault(faults.PADDING, "", (correct.CONV,), "")(FAULTS["pads_swapped"].compute)


@pytest.mark.parametrize("fault", PURE, ids=lambda fault: fault.name)
def test_a_fault_of_arithmetic_spoils_its_case_and_no_other_op(fault):
    case, operands = given(fault)
    before = [a.tobytes() for a in operands]
    right = correct.compute(case, fault.shown_by, operands)
    assert not same(fault(case, fault.shown_by, operands), right)
    for op in set(correct.OPS) - set(fault.ops):
        assert same(fault(case, op, operands), correct.compute(case, op, operands))
    assert [a.tobytes() for a in operands] == before


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_what_a_fault_says_of_itself_are_words_that_there_are(fault):
    told = {diagnose.CHANGED, diagnose.UNSTEADY, diagnose.REUSED}
    assert set(fault.says) <= set(diagnose.CAUSES) | BOUND_MODELS | told
    assert set(fault.ops) <= set(OPS)
    assert {word.partition(":")[0] for word in fault.lenient} <= {breach.name for breach in TABLE}
    assert bool(fault.lenient) == (fault.effect == "refusal")


@pytest.mark.parametrize("suite", ["smoke", "special"])
def test_the_backend_without_a_fault_agrees_with_the_oracle(suite):
    referee = Referee()
    for case in suites.load(suite):
        for op in (op for op in correct.OPS if asks(case, op)):
            found = correct.compute(case, op, referee.operands(case))
            judged = referee.question(case, op).judge(found, case.dtype)
            assert judged.verdict == "agrees", (str(case), op, judged)


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("results_cut_off", "conv2d:n2_i7x8_c9_k3_o4_bfloat16", "cuts the result off"),
        ("results_cut_off", "conv2d:n2_i7x8_c9_k3_o4_bfloat16_normal", "cuts the result off"),
        ("results_cut_off", "conv2d:n2_i7x8_c9_k3_o4_float16_normal", "cuts the result off"),
        ("infinity_saturates", f"{BASE}_bfloat16_nonfinite", "infinity becomes the largest number"),
        ("overflow_saturates", f"{BASE}_overflow", "infinity becomes the largest number"),
        ("overflow_saturates", f"{BASE}_bfloat16_overflow", "infinity becomes the largest number"),
        ("scaled_up_and_down", f"{BASE}_float64_overflow", "overflows early"),
        ("nan_is_zero", f"{BASE}_nonfinite", "NaN is lost"),
        ("zeros_of_the_filter_skipped", f"{BASE}_nonfinite", "skips the filter's zeros"),
        ("dilated_kernel_filled", SPREAD, "NaN spreads between the taps"),
        ("zeros_negative", f"{BASE}_float64_signedzeros", "zero has the wrong sign"),
        (
            "results_flushed",
            f"{BASE}_float64_subnormal",
            "flushes subnormal results to zero or all zeros",
        ),
    ],
)
def test_a_fault_that_was_called_something_else_has_its_name(name, line, said):
    case, referee = parse(line), Referee()
    found = FAULTS[name](case, "conv", referee.operands(case))
    question = referee.question(case, "conv")
    assert diagnose.diagnose(question, referee.operands(case), found, case.dtype) == said


def test_an_equivalent_fault_is_within_the_bound():
    for fault in (f for f in FAULTS.values() if f.equivalent):
        case, operands = given(fault)
        judged = (
            Referee()
            .question(case, fault.shown_by)
            .judge(fault(case, fault.shown_by, operands), case.dtype)
        )
        assert judged.verdict == "agrees", (fault.name, judged)


def test_a_run_ends_when_it_has_found_enough(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVERGENT_ADAPTER", "mutant=mutation.backend:Mutant")
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS), prepend=":")
    monkeypatch.setattr(score, "ENOUGH", 3)
    tally = score.measure("filter_flipped", "ci", tmp_path)
    assert 3 <= tally.failed < 6
    assert tally.asked < 20


def outcome(verdict, case="conv2d:i3_k2", op="conv", **more):
    return Outcome(variant="mutant", op=op, method="native", case=case, verdict=verdict, **more)


@pytest.mark.parametrize(
    ("found", "question"),
    [
        (outcome("differs", question="value"), "exact"),
        (outcome("degraded", "conv2d:i3_k2_normal", question="value"), "bound"),
        (outcome("differs", "conv2d:i3_k2_tiny", question="value"), "special"),
        (outcome("differs", question="repeat"), "repeat"),
        (outcome("differs", question="relation"), "relation"),
        (outcome("timed_out"), "timed out"),
        (outcome("raised"), "raised"),
        (outcome("crashed", op="contract"), "contract"),
    ],
)
def test_a_finding_is_counted_under_the_question_that_found_it(found, question):
    tally = score.count("smoke", [outcome("agrees"), found], None)
    assert (tally.asked, tally.failed, tally.questions) == (2, 1, {question: 1})
    assert tally.first[0] == question


def test_a_diagnosis_is_right_or_the_same_or_wrong_or_nothing():
    fault = FAULTS["pads_swapped"]
    told = [
        "zeros before and after swapped, in part",
        "unexplained",
        "moved by one place",
        "all zeros before or zeros before and after swapped",
    ]
    outcomes = [outcome("differs", question="value", diagnosis=text) for text in told]
    outcomes.append(outcome("degraded", question="value", model="accumulates in float16"))
    tally = score.count("smoke", outcomes, fault)
    assert (tally.right, tally.same, tally.untold, tally.wrong) == (2, 1, 1, 1)
    assert tally.others == {"moved by one place": 1}
    assert tally.said == {"accumulates in float16": 1}


def test_a_fault_is_measured_by_the_real_harness_and_put_into_the_table(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVERGENT_ADAPTER", "mutant=mutation.backend:Mutant")
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS), prepend=":")
    measured = {}
    for name in (score.CORRECT, "filter_flipped", "stride_zero_taken"):
        fault = FAULTS.get(name)
        suite = "contracts" if fault and fault.lenient else "smoke"
        measured[name] = {suite: score.measure(name, suite, tmp_path / name)}
        again = score.read(tmp_path / name, fault, suite)
        assert again == measured[name][suite]
    assert measured[score.CORRECT]["smoke"].failed == 0
    assert measured["filter_flipped"]["smoke"].first[0] == "exact"
    assert measured["stride_zero_taken"]["contracts"].questions == {"contract": score.ENOUGH}
    chosen = {name: FAULTS[name] for name in ("filter_flipped", "stride_zero_taken")}
    text = page.render(chosen, measured, command="python benchmarks/mutation")
    assert "**2 of 2 are caught.**" in text
    assert "**0 findings in 305 checks**" in text
    assert page.plain(chosen, measured)["faults"]["filter_flipped"]["caught"]
