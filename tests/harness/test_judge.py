"""Results of equal bits are looked at once, and only those."""

from __future__ import annotations

import numpy as np
import pytest

from convergent.cases.text import parse
from convergent.harness import diagnose, judge
from convergent.harness.compare import fingerprint
from convergent.harness.referee import Referee
from convergent.harness.worker.client import Answer

CASE = parse("conv2d:n2_i6_c3_k3_o4_p1_normal")


def said(referee, array, dtype="float32"):
    return judge.judge(
        referee, CASE, "conv/native", Answer({"is": "result", "dtype": dtype}, [array])
    )


@pytest.fixture
def looked(monkeypatch):
    """How many results were diagnosed."""
    calls, plain = [], diagnose.diagnose
    monkeypatch.setattr(diagnose, "diagnose", lambda *given: calls.append(1) or plain(*given))
    return calls


def test_equal_bits_are_diagnosed_once_and_judged_alike(looked):
    referee = Referee()
    wrong = referee.question(CASE, "conv").stored * np.float32(1.5)
    first, again = said(referee, wrong), said(referee, wrong.copy())
    assert (first.verdict, again) == ("differs", first)
    assert len(looked) == 1


def test_one_other_bit_another_dtype_or_shape_is_judged_anew(looked):
    referee = Referee()
    right = referee.question(CASE, "conv").stored
    assert said(referee, right).verdict == "agrees"
    other = right.copy()
    other.flat[-1] += 1
    assert said(referee, other).verdict == "differs"
    assert said(referee, right, "float64").question == "dtype"
    assert said(referee, right.reshape(-1)).question == "shape"
    assert said(referee, right.view(np.int32)).question == "dtype"
    assert said(referee, right).verdict == "agrees"


def test_expected_values_that_are_not_finite_are_mistrusted_and_judge_nobody():
    case = parse("conv1d:i6_k2_nonfinite")  # the oracle's Jacobians are of finite operands
    question = Referee().question(case, "jacobian_filter")
    found = question.judge(np.zeros_like(question.stored), "float32")
    assert (found.verdict, found.detail) == ("mistrusted", "the expected values are not finite")


def test_a_fingerprint_tells_the_signs_of_zero_and_the_bits_of_nan():
    zero, nan = np.zeros(2, np.float32), np.full(2, np.nan, np.float32)
    marks = {fingerprint(a, "float32") for a in (zero, -zero, nan, -nan)}
    assert len(marks) == 4


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32"])
@pytest.mark.parametrize("size", [None, 0])
def test_another_dtype_the_next_time_differs(dtype, size):
    case = parse("conv1d:i5_k2_o0") if size == 0 else parse("conv1d:i5_k2")
    referee = Referee()
    right = referee.question(case, "conv").stored
    answer = Answer({"is": "result", "dtype": "float32"}, [right, right.astype(dtype)])
    found = judge.judge(referee, case, "conv/native", answer)
    assert (found.verdict, found.question) == ("differs", "repeat")
    assert found.detail == f"a further call on the same input gave dtype {dtype}"
