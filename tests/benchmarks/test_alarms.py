import sys
from pathlib import Path

import numpy as np
import pytest

from convergent.cases.text import parse
from convergent.harness.outcome import Judgement
from convergent.harness.referee import Referee

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from alarms import command, draw, fast, orders, tally, terms, work

CASES = (
    "conv1d:n2_i9_c3_k3_o2_s2_pSAME",
    "conv2d:n2_i7x6_c4_k3x2_o6_s2x1_d1x2_p1x2+0_g2",
    "conv3d:i4x3x5_c2_k2_o3_p-1+1x1x0",
)


def _right(case, op):
    question = Referee().question(case, op)
    assert question.exact
    return question.stored


@pytest.mark.parametrize("line", CASES)
@pytest.mark.parametrize("op", terms.READS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_every_correct_implementation_gives_the_exact_result_on_integers(line, op, dtype):
    case = parse(line).replace(dtype=dtype)
    job = work.Work(case, op, Referee().operands(case))
    made = {name: compute() for name, compute in work.implementations(job)}
    made |= {name: compute() for name, compute in work.sorted_ones(job)}
    assert len(made) > len(orders.ORDERS)
    for name, array in made.items():
        assert np.array_equal(array, _right(case, op)), name


@pytest.mark.parametrize("name", orders.ORDERS)
@pytest.mark.parametrize("length", [0, 1, 2, 7, 64, 65])
def test_an_order_leaves_no_term_out(name, length):
    left = np.arange(1, 2 * length + 1, dtype=np.float32).reshape(length, 2)
    found = orders.ORDERS[name](left, np.ones_like(left))
    assert found.tolist() == left.sum(axis=0).tolist()


def test_orders_do_round_differently():
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((2, 500, 40)).astype(np.float32)
    sums = {name: order(left, right).tobytes() for name, order in orders.ORDERS.items()}
    assert len(set(sums.values())) >= len(sums) - 2


def test_a_fused_float64_sum_rounds_once_a_step():
    a = np.array([[1.0 + 2.0**-30], [1.0]])
    b = np.array([[1.0 + 2.0**-30], [-1.0]])
    assert orders.fused(a, b)[0] == 2.0**-29  # the first product alone is rounded
    assert orders.fused(a[::-1], b[::-1])[0] == 2.0**-29 + 2.0**-60  # it is kept whole beside -1
    assert orders.sequential(a[::-1], b[::-1])[0] == 2.0**-29


@pytest.mark.parametrize("line", ["conv1d:n2_i11_c3_k3_o2_p1", "conv2d:i9x6_c4_k3_o6_g2_p1x2"])
def test_fast_algorithms_compute_conv(line):
    case = parse(line).replace(dtype="float64")
    job = work.Work(case, "conv", Referee().operands(case))
    x, w = job.operands()
    for found in (fast.fft(case, x, w), fast.winograd(case, x, w, 2), fast.winograd(case, x, w, 4)):
        assert np.allclose(found, _right(case, "conv"), rtol=0, atol=1e-9)


def test_what_is_needed_is_the_error_in_units_of_the_bound():
    case = parse("conv1d:i64_k64_normal")
    question = Referee().question(case, "conv")
    unit = 2.0**-24 * question.expected.magnitude
    wrong = (question.expected.value + 20 * unit).astype(np.float32)
    counts, needed = tally.needs_of(question, wrong)
    assert counts.tolist() == [64]
    assert needed[0] == pytest.approx(20 - np.abs(question.expected.value / unit) * 2**-24, abs=1)
    alarms = tally.would_alarm(np.array([counts, needed]))
    assert (tally.LAMBDAS[0], 8.0) in alarms
    assert tally.would_alarm(np.zeros((2, 0))) == []


def test_the_tally_counts_alarms_and_leaves_the_mistrusted_out():
    count, nothing = tally.Tally(), np.zeros((2, 0))
    verdicts = ["agrees", "degraded", "differs", "mistrusted", "agrees"]
    for verdict in verdicts:
        count.add(Judgement(verdict=verdict, ratio=0.5), [("all",), ("dtype", "float32")], nothing)
    assert (count.judged, count.mistrusted) == (4, 1)
    cell = dict(count.of("dtype"))[("float32",)]
    assert (cell.checks, cell.alarms, cell.quantiles()) == (4, 2, [0.5, 0.5, 0.5])


def test_a_wrong_implementation_is_an_alarm(monkeypatch):
    def careless(left, right):
        return orders.sequential(left[:-1], right[:-1])

    monkeypatch.setattr(orders, "ORDERS", {"careless": careless})
    count = command.Count()
    command._judge_case(parse("conv1d:i9_c3_k3_o2_normal"), count)
    assert len(count.alarms) == 4
    assert "careless" in count.alarms[0]


def test_the_sample_is_the_same_for_the_same_seed():
    first, again = (list(zip(range(40), draw.cases(3), strict=False)) for _ in range(2))
    assert first == again
    assert {case.dtype for _, case in first} == {"float64", "float32", "float16", "bfloat16"}
