"""ResNet-50's 3x3 layers: the oracle by the machine's matrix product and by PyTorch's autodiff.

``python layers.py`` prints JSON. All is measured in this process, with as many threads for each,
by turns, in processor time, which other processes disturb least: the oracle's map, its whole
answer (value, ``sum|x||w|``, counts, bound), PyTorch's float32 forward or ``autograd.grad`` of the
same op, and a float64 matrix product whose rate is the peak that the map can have.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from figures import median, ratio

from convergent.backends import numpy as maps
from convergent.backends import oracle
from convergent.cases import data
from convergent.cases.case import Case
from convergent.cases.dtypes import decode
from convergent.cases.text import parse
from convergent.harness.compare import Question

LINES = (  # of the suite networks, with a batch of 4 instead of 32
    "conv2d:n4_i56_c64_k3_o64_p1_nchw_normal",
    "conv2d:n4_i56_c128_k3_o128_s2_p1_nchw_normal",
    "conv2d:n4_i28_c128_k3_o128_p1_nchw_normal",
    "conv2d:n4_i28_c256_k3_o256_s2_p1_nchw_normal",
    "conv2d:n4_i14_c256_k3_o256_p1_nchw_normal",
    "conv2d:n4_i14_c512_k3_o512_s2_p1_nchw_normal",
    "conv2d:n4_i7_c512_k3_o512_p1_nchw_normal",
)
OPERANDS = {"conv": (0, 1), "backprop_input": (2, 1), "backprop_filter": (0, 2)}
_SQUARE = 1024


def measure(repeat: int) -> list[dict[str, Any]]:
    """Return a row per layer and op: seconds and rates."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)))
    left, right = np.random.default_rng(0).standard_normal((2, _SQUARE, _SQUARE))
    rows = []
    for line in LINES:
        case = parse(line)
        operands = data.make(case)
        wide = [decode(array, case.dtype) for array in operands]
        for op, (first, second) in OPERANDS.items():
            framework = _autodiff(torch, case, operands, op)
            steps: dict[str, Callable[[], Any]] = {
                "peak": functools.partial(np.matmul, left, right),
                "map": functools.partial(maps.MAPS[op], case, wide[first], wide[second]),
                "answer": functools.partial(_answer, case, op, operands),
                "autodiff": framework,
            }
            rows.append(_row(case, op, _timed(steps, repeat)))
    return rows


def _answer(case: Case, op: str, operands: data.Operands) -> Question:
    return Question(case, op, oracle.expect(case, op, operands))


def _row(case: Case, op: str, seconds: dict[str, float]) -> dict[str, Any]:
    peak = 2 * _SQUARE**3 / seconds["peak"]
    rate = 2 * case.macs / seconds["map"]
    return {
        "case": str(case),
        "op": op,
        "seconds": seconds,
        "peak": peak / 1e9,
        "rate": rate / 1e9,
        "of peak": ratio(rate, peak),
        "answer of peak": ratio(4 * case.macs / seconds["answer"], peak),  # two maps
        "map by autodiff": ratio(seconds["map"], seconds["autodiff"]),
        "answer by autodiff": ratio(seconds["answer"], seconds["autodiff"]),
    }


def _timed(steps: dict[str, Callable[[], Any]], repeat: int) -> dict[str, float]:
    took: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(repeat + 1):
        for name, step in steps.items():
            began = time.process_time()
            step()
            if number:  # the first finds nothing in the caches
                took[name].append(time.process_time() - began)
    return {name: median(each) for name, each in took.items()}


def _autodiff(torch: Any, case: Case, operands: Any, op: str) -> Callable[[], Any]:
    x, w, dy = (
        torch.from_numpy(np.ascontiguousarray(np.moveaxis(a, *axes)))
        for a, axes in zip(operands, ((-1, 1), ((3, 2), (0, 1)), (-1, 1)), strict=True)
    )
    conv = torch.nn.functional.conv2d
    given = {"stride": case.stride, "padding": tuple(lo for lo, _ in case.pads)}
    if op == "conv":
        return lambda: conv(x, w, **given)
    leaf = (x if op == "backprop_input" else w).requires_grad_()
    y = conv(x, w, **given)
    return lambda: torch.autograd.grad(y, leaf, dy, retain_graph=True)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
