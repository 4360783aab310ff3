"""Planted mistakes are named by their cause, and nothing else is ever named."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from convergent.backends.oracle import JACOBIANS
from convergent.cases import dtypes
from convergent.cases.text import parse
from convergent.harness import diagnose
from convergent.harness.ask import Asker
from convergent.harness.diagnose.subject import Subject, compute
from convergent.harness.outcome import Outcome
from convergent.harness.referee import Referee

_PATH = Path(__file__).parent / "planted" / "mistakes.py"
_SPEC = importlib.util.spec_from_file_location("planted_mistakes", _PATH)
mistakes = importlib.util.module_from_spec(_SPEC)
sys.modules["planted_mistakes"] = mistakes
_SPEC.loader.exec_module(mistakes)

REFEREE = Referee()
ROWS = [
    (function, op, line, cause, data)
    for function, op, line, cause in mistakes.PLANTED
    for data in mistakes.DATA.get(function.__name__, ("exact", "normal", "uniform"))
]
# What is the same to the last bit in the planted case too, and must be said beside the cause.
AS_WELL = {
    "tf32_inputs": {"rounds the inputs to float16"},  # whose precision is the same
    "flushed": {"all zeros"},  # as every result is subnormal
    "multiplier_outside": {"all channels interleaved by groups"},  # of one channel each
}


def asked(line, op):
    case = parse(line)
    return case, REFEREE.question(case, op), REFEREE.operands(case)


def planted(function, op, line, data):
    """Return the question, the operands and what the mistaken function gives."""
    case, question, operands = asked(line if line.endswith(data) else f"{line}_{data}", op)
    array = function(case, *(dtypes.decode(a, case.dtype) for a in operands))
    if array.dtype == np.float64 and case.dtype != "float64":
        array = mistakes.store(array, case.dtype)
    return question, operands, array


@pytest.mark.parametrize(
    ("function", "op", "line", "cause", "data"),
    ROWS,
    ids=[f"{row[0].__name__}-{row[-1]}" for row in ROWS],
)
def test_a_planted_mistake_is_named(function, op, line, cause, data):
    question, operands, array = planted(function, op, line, data)
    dtype = question.case.dtype
    assert question.judge(array, dtype).verdict in ("differs", "degraded")
    said = diagnose.diagnose(question, operands, array, dtype)
    assert diagnose.cause(said) == cause
    assert set(said.split(" or ")) <= {cause} | AS_WELL.get(function.__name__, set())


def test_many_mistakes_are_planted():
    assert len({function for function, *_ in mistakes.PLANTED}) == len(mistakes.PLANTED) >= 40
    assert len({cause for *_, cause in mistakes.PLANTED}) >= 35


@pytest.mark.parametrize("row", mistakes.PLANTED, ids=lambda row: row[0].__name__)
def test_a_planted_mistake_with_another_element_wrong_is_not_named(row):
    function, op, line, _ = row
    data = mistakes.DATA.get(function.__name__, ("exact",))[0]
    question, operands, array = planted(function, op, line, data)
    spoilt = np.array(array)
    numbers = dtypes.decode(array, question.case.dtype)
    if numbers.shape == question.target.shape:
        _, wrong = question.errors(numbers)
        at = tuple(index[-1] for index in np.nonzero(wrong))
    else:
        at = (-1,) * numbers.ndim
    number = np.array([0.37 * numbers[at] + 5 if np.isfinite(numbers[at]) else 1.0])
    spoilt[at] = mistakes.store(number, question.case.dtype)[0]
    said = diagnose.diagnose(question, operands, spoilt, question.case.dtype)
    # Memory and places are seen in the elements that they are in, whatever else is wrong.
    seen = {"channels beyond a vector wrong", "samples beyond the first wrong"}
    assert not diagnose.is_named(said) or said in seen or said.endswith("memory, in part")


CASES = (
    "conv1d:i2_k1", "conv1d:i3_k2", "conv2d:n2_i1_k1", "conv1d:i4_k2_s2_normal",
    "conv2d:i2_c2_k2_o2_p1", "conv1d:i4_c2_k1_o2_g2", "conv1d:i3_k2_normal",
    "conv1d:n2_i2_k1_bfloat16_normal", "conv1d:n2_i2_k1_float16", "conv1d:i5_k2_s2_d2_p0+1_float64",
    "conv1d:n2_i5_c2_k2_o2_pSAME_float64_normal", "conv1d:i9_c17_k1_o2_bfloat16",
    "conv1d:n3_i6_c2_k3_o4_g2_d2_pSAME",
)  # fmt: skip


def arbitrary(draw, question, kind):
    """Return a wrong result that no mistake explains."""
    target, spread = question.target, float(np.sqrt(np.mean(question.target**2))) + 1
    noise = draw.normal(size=target.shape)
    if kind == "one element":
        found = target.copy()
        found.flat[draw.integers(target.size)] += draw.normal() * spread
    elif kind == "some elements":
        found = np.where(draw.random(target.shape) < 0.4, noise * spread, target)
    elif kind == "last channel":
        found = target.copy()
        found[..., -1] = noise[..., -1] * spread
    elif kind == "beyond the bound":
        found = target + 4 * noise * question.bound
    elif kind == "in the third digit":
        found = target * (1 + 1e-3 * noise)
    elif kind == "one more or less":
        found = target + draw.integers(-1, 2, target.shape)
    else:
        found = noise * spread
    whole = question.exact and kind not in ("beyond the bound", "in the third digit")
    return dtypes.encode(np.rint(found) if whole else found, question.case.dtype)


@pytest.mark.parametrize("line", CASES)
def test_no_arbitrary_result_is_given_a_cause(line):
    draw = np.random.default_rng(len(line))
    kinds = ("one element", "some elements", "last channel", "beyond the bound")
    kinds += ("in the third digit", "one more or less", "all elements")
    for op in ("conv", "backprop_input", "backprop_filter", "backprop_bias"):
        case, question, operands = asked(line, op)
        for kind in kinds * 2:
            array = arbitrary(draw, question, kind)
            if question.judge(array, case.dtype).verdict != "differs":
                continue
            said = diagnose.diagnose(question, operands, array, case.dtype)
            assert said in (diagnose.UNEXPLAINED, diagnose.SCANT), (op, kind)


@pytest.mark.parametrize(("op", "line", "shape"), [
    ("backprop_filter", "conv2d:n0_i4_k3", None),  # a mean over no sample, or memory never written
    ("backprop_bias", "conv2d:n0_i4_k3", None),
    ("backprop_input", "conv1d:i2_k3", None),  # no window has room
    ("conv", "conv1d:i2_c0_k1_o6_nonfinite", None),
    ("backprop_bias", "conv1d:i2_k1_o0", (1,)),
])  # fmt: skip
@pytest.mark.parametrize("number", [3.0, np.nan])
def test_a_wrong_result_of_empty_operands_is_told(op, line, shape, number):
    case, question, operands = asked(line, op)
    array = dtypes.encode(np.full(shape or question.target.shape, number), case.dtype)
    assert question.judge(array, case.dtype).verdict == "differs"
    assert diagnose.diagnose(question, operands, array, case.dtype)


def test_infinities_are_early_where_the_largest_sums_alone_became_so():
    case, question, operands = asked("conv2d:n2_i5x6_c3_k3x2_o4_p1_overflow", "conv")
    right = question.rounded
    for least, said in ((2.0**126, "overflows early"), (0.0, diagnose.SCANT)):
        lost = np.where(np.abs(right) > least, np.copysign(np.inf, right), right)
        array = dtypes.encode(lost, case.dtype)
        assert diagnose.diagnose(question, operands, array, case.dtype) == said


def test_what_is_right_has_no_diagnosis():
    for line in CASES:
        case, question, operands = asked(line, "conv")
        assert diagnose.diagnose(question, operands, question.stored, case.dtype) == ""


def test_a_single_wrong_element_is_too_little_to_tell():
    case, question, operands = asked("conv2d:n2_i1_k1", "conv")
    array = np.repeat(question.stored[:1], 2, axis=0)
    assert diagnose.diagnose(question, operands, array, case.dtype) == diagnose.SCANT


def test_mistakes_that_give_the_same_numbers_are_all_said():
    """Two samples moved by one are two samples back to front."""
    case, question, operands = asked("conv2d:n2_i4_c2_k2_o2", "backprop_input")
    array = mistakes.loop(case, "backprop_input", *(a.astype(float) for a in operands))[::-1]
    said = diagnose.diagnose(question, operands, array.astype(np.float32), case.dtype)
    assert diagnose.cause(said) == "samples back to front"


def test_what_holds_for_the_wrong_elements_alone_holds_in_part():
    case, question, operands = asked("conv2d:n3_i6_c2_k2_o2_d2", "conv")
    x, w, dy = (a.astype(float) for a in operands)
    array = mistakes.loop(case, "conv", x, w, dy)
    array[2] = mistakes.loop(case, "conv", x, w, dy, dilation=(1, 1))[2]
    said = diagnose.diagnose(question, operands, array.astype(np.float32), case.dtype)
    assert said == "dilation ignored, in part"


def test_a_large_case_is_not_diagnosed():
    line = "conv2d:n4_i40_c16_k3_o16"
    case, question, operands = asked(line, "conv")
    wrong = question.stored + 1
    assert diagnose.diagnose(question, operands, wrong, case.dtype) == diagnose.TOO_LARGE


@pytest.mark.parametrize("op", JACOBIANS)
def test_jacobians_are_the_oracles(op):
    for line in ("conv1d:n2_i5_c4_k3_o6_g2_s2_p1", "conv2d:i3x4_c2_k2_o3_d2x1"):
        case, question, operands = asked(line, op)
        subject = Subject(question, operands, question.stored)
        assert np.array_equal(compute(case, op, subject.given), question.expected.value)


def test_the_diagnosis_is_in_the_outcome():
    with Asker() as ask:
        real = parse("conv2d:n2_i5x6_c3_k3x2_o4_normal")
        flipped = ask("liars", "backprop_input/filter_not_flipped", real)
        assert flipped.diagnosis == "kernel flipped"
        assert "kernel flipped" in flipped.sentence
        assert ask("liars", "conv/changes_input", real).diagnosis == diagnose.CHANGED
        assert ask("liars", "conv/wrong_element", real).diagnosis == diagnose.UNEXPLAINED
        assert ask("liars", "conv/wrong_rank", real).diagnosis == "result in another shape"
        rounded = ask("liars", "conv/rounds_to_bfloat16", real)
        assert rounded.diagnosis == rounded.model == "rounds the result to bfloat16"
        assert rounded.sentence.count(rounded.model) == 1
        honest = ask("liars", "conv/honest", real)
        assert isinstance(honest, Outcome)
        assert honest.diagnosis == ""


def test_the_page_lists_every_cause_and_every_planted_mistake():
    page = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text()
    for name, meaning in diagnose.CAUSES.items():
        assert f"| {name} | {meaning} |" in page
        assert " or " not in name
    for function, op, _, cause in mistakes.PLANTED:
        assert f"| `{function.__name__}` | {op} | {cause} |" in page
