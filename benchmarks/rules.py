"""Measure what rules of comparison cost: ``python benchmarks/rules.py [SUITE] [SCALE]``.

Each layer of a suite is computed by PyTorch in float32, forwards and by autodiff, three times: as
it is, and with operands rounded to TF32 and to bfloat16 first, which is what a silent downgrade
does. A rule ``rtol, atol`` should accept every result of the first kind and refuse every one of the
others. ``unit`` are the filters as drawn (variance 1), ``scaled`` those of a new network (divided
by the root of the terms summed, so that outputs have variance 1).
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch

from convergent.backends import oracle
from convergent.backends.expected import Expected
from convergent.cases import data, dtypes, suites
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import FORMATS, Float64, encode, round_to
from convergent.cases.scale import scale
from convergent.harness import bounds

RULES = {
    "rtol 1.3e-6, atol 1e-5": (1.3e-6, 1e-5),
    "rtol 1e-6, atol 1e-6": (1e-6, 1e-6),
    "rtol 1e-5, atol 1e-5": (1e-5, 1e-5),
    "rtol 1e-4, atol 1e-4": (1e-4, 1e-4),
    "rtol 1e-3, atol 1e-3": (1e-3, 1e-3),
}
DERIVED = "error / bound <= 1"
KINDS = ("float32", "tf32", "bfloat16")
OPS = ("conv", "backprop_input", "backprop_filter")
MOST = 2**30  # multiply-adds of a case that is taken


def main(suite: str = "networks", by: str = "8") -> None:
    """Print a table for both kinds of filters."""
    cases = [scale(case, int(by)) for case in suites.load(suite)]
    cases = [c for c in dict.fromkeys(map(_plain, cases)) if c.macs <= MOST]
    for title in ("unit", "scaled"):
        refused: Counter[tuple[str, str]] = Counter()
        checks = 0
        for case in cases:
            for kind, op, passed in _judged(case, scaled=title == "scaled"):
                checks += kind == "float32" and op in OPS
                refused.update((rule, kind) for rule, ok in passed.items() if not ok)
        print(f"{title}: {len(cases)} layers of {suite} --scale {by}, {checks} results\n")
        print("| rule | right results refused | TF32 accepted | bfloat16 accepted |")
        print("| --- | ---: | ---: | ---: |")
        for rule in (*RULES, DERIVED):
            wrong = 100 * refused[rule, "float32"] / checks
            missed = (100 - 100 * refused[rule, kind] / checks for kind in KINDS[1:])
            print(f"| {rule} | {wrong:.1f} % | " + " | ".join(f"{m:.1f} %" for m in missed) + " |")
        print(flush=True)


def _plain(case: Case) -> Case:
    return case.replace(dtype="float32", data="normal", layout="channels_last", memory="plain")


def _judged(case: Case, *, scaled: bool) -> Iterator[tuple[str, str, dict[str, bool]]]:
    """Yield each computation, op and what each rule says of it."""
    x, w, dy = (dtypes.decode(a, case.dtype) for a in data.make(case))
    if scaled:
        w = dtypes.decode(
            encode(w / math.sqrt(math.prod(case.w_shape[:-1])), case.dtype), "float32"
        )
    stored = Operands(*(a.astype(np.float32) for a in (x, w, dy)))
    expected = {op: oracle.expect(case, op, stored) for op in OPS}
    for kind in KINDS:
        rounded = [round_to(a, FORMATS[kind]) for a in (x, w, dy)]
        for op, actual in zip(OPS, _torch(case, *rounded), strict=True):
            yield kind, op, _passed(actual, expected[op], case.dtype)


def _passed(actual: Float64, expected: Expected, dtype: str) -> dict[str, bool]:
    error = np.abs(actual - expected.value)
    size = np.abs(expected.value)
    passed = {rule: bool((error <= a + r * size).all()) for rule, (r, a) in RULES.items()}
    return passed | {DERIVED: bool((error <= bounds.bound(expected, dtype)).all())}


def _torch(case: Case, x: Float64, w: Float64, dy: Float64) -> tuple[Float64, Float64, Float64]:
    """Return conv and both gradients of float32 operands, canonical shapes."""
    first = (0, case.dims + 1, *range(1, case.dims + 1))
    image = torch.tensor(x.transpose(first), dtype=torch.float32, requires_grad=True)
    taps = torch.tensor(
        w.transpose(case.dims + 1, case.dims, *range(case.dims)),
        dtype=torch.float32,
        requires_grad=True,
    )
    zeros = [n for pair in reversed(case.pads) for n in pair]
    conv = getattr(torch.nn.functional, f"conv{case.dims}d")
    y = conv(
        torch.nn.functional.pad(image, zeros),
        taps,
        None,
        case.stride,
        0,
        case.dilation,
        case.groups,
    )
    y.backward(torch.tensor(dy.transpose(first), dtype=torch.float32))
    last = (0, *range(2, case.dims + 2), 1)
    back = (*range(2, case.dims + 2), 1, 0)
    assert image.grad is not None
    assert taps.grad is not None
    return (
        y.detach().numpy().transpose(last).astype(np.float64),
        image.grad.numpy().transpose(last).astype(np.float64),
        taps.grad.numpy().transpose(back).astype(np.float64),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
