"""The referee judges every case that a fuzz may draw: right answers agree, wrong ones do not."""

import numpy as np
import pytest

from convergent.cases import dtypes
from convergent.cases.steering import Steering
from convergent.cases.text import parse
from convergent.harness.referee import Referee, asks

OPS = ("conv", "backprop_input", "backprop_filter", "backprop_bias")


def test_what_is_right_agrees_and_what_is_wrong_does_not():
    referee, steering = Referee(), Steering(11)
    for _ in range(150):
        case = steering.draw()
        for op in (op for op in OPS if asks(case, op)):
            question = referee.question(case, op)
            right = dtypes.encode(question.rounded, case.dtype)
            found = question.judge(right, case.dtype).verdict
            assert found in ("agrees", "mistrusted"), (str(case), op)
            if right.size:
                right.flat[-1] = dtypes.encode(np.array([3e4]), case.dtype)[0]
                assert question.judge(right, case.dtype).verdict == "differs", (str(case), op)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("data", ["exact", "normal", "nonfinite"])
def test_a_result_without_an_element_agrees(dtype, data):
    case = parse(f"conv2d:i2_c4_k3_o2_s4_{dtype}_{data}").replace(data=data)
    question = Referee().question(case, "conv")
    assert question.stored.size == 0
    assert question.judge(question.stored, dtype).verdict == "agrees"


def test_a_number_in_the_place_of_an_infinity_differs_and_no_model_explains_it():
    case = parse("conv1d:i9_k2_nonfinite_seed1")
    question = Referee().question(case, "conv")
    actual = np.where(np.isinf(question.rounded), 77.0, question.rounded)
    assert np.isinf(question.rounded).any()
    found = question.judge(dtypes.encode(actual, case.dtype), case.dtype)
    assert (found.verdict, found.model) == ("differs", "")
