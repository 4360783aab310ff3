"""The page of the false-alarm rate: tables of what was counted, a few sentences around them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from alarms import draw
from alarms.tally import CONSTANTS, LAMBDAS, Cell
from alarms.terms import READS
from convergent.cases.case import DTYPES
from convergent.harness import bounds, environment

if TYPE_CHECKING:
    from alarms.command import Count

_MOST_SHOWN = 20
_FOUND = """\
Implementations that are correct, in {orders} orders of summation, are judged by the code that
judges frameworks. Whatever is called wrong is a false alarm.

**{alarms:,} alarms in {judged:,} checks** of real data (normal, uniform) on {cases:,} cases drawn
from the suites, at random and from sums of up to {longest:,} terms. Checks of a case share its
data; counted by cases, the share of those with an alarm is below {rate} (95 % confidence). A
further {other:,} checks of data whose right result is known to the bit (integers, subnormal and
tiny numbers, sums that overflow, zeros of either sign, NaN and infinities): **{others:,} alarms**.
Mistrusted, because the data could show nothing, and not counted: {mistrusted:,}.

{date}, {cpu}, {cores} cores, Python {python}, NumPy {numpy}; {seconds:,.0f} seconds. Again:
`{command}`.
"""
_ORDERS = """\
Products and sums are rounded to float64 for float64, to float32 for the other types; 16-bit
results are rounded once, at the end. *Ratio* is `error / bound`, the largest element of each
check. 16-bit results come near 1 because the rounding of the result alone may use up its part of
the bound; it cannot exceed it.
"""
_LENGTHS = """\
*Needed* is what is left of the error for the sum, in the bound's own unit: the largest `c =
(error - u_out |expected| - n eta) / (u S)`. The bound allows `c(n) = min(n, {lam:g} sqrt(n) +
{c0:g})`. A 16-bit result rarely needs any: its own rounding is 2^13 or 2^16 times larger than
those of its sum.
"""
_LAMBDA = """\
Alarms that `c(n) = min(n, lambda sqrt(n) + c0)` would have given on the same {judged:,} results
({lam:g} and {c0:g} are in use). The largest need at any length is {needed:.2f}: data of mean zero
need a `c0`, as theory has it, and no `lambda`. What is in use leaves room for real kernels (direct
ones need up to 6.93) and for draws whose mean is not quite zero.
"""
_DOWNGRADES = """\
Room costs sight. Float32 sums of operands that were silently rounded to TF32 or
bfloat16: the share that is outside the bound with `c0 = {c0:g}`, by the length of the longest
sum.
"""
_FAST = """\
FFT and Winograd are correct and accurate only normwise: small results inherit the roundings of
large ones. They are no part of the figures above. A run calls them `degraded` and names the
model; the ledger can allow it. Where a window meets nothing but padding, the right result is an
exact zero; FFT leaves a rounding error there, which no model excuses.
"""
_SORTED = """\
The bound is for orders that do not depend on the values. One that does, all negative terms first,
makes its own partial sums as large as `S / 2`, as positive data would; no kernel sorts its terms.
For comparison:
"""


def render(count: Count, command: str) -> str:
    """Return the page of ``count``."""
    return "\n".join(
        [
            "# False alarms",
            "",
            _found(count, command),
            *(["## Alarms", "", *(f"- {line}" for line in count.alarms[:_MOST_SHOWN]), ""]
              if count.alarms else []),
            "## By dtype and order of summation",
            "",
            _ORDERS,
            *_by_order(count),
            "",
            "## By dtype and op",
            "",
            *_by_op(count),
            "",
            "## By length of the sums",
            "",
            _LENGTHS.format(lam=bounds.LAMBDA, c0=bounds.C0),
            *_by_length(count),
            "",
            "## What other constants would have alarmed",
            "",
            _LAMBDA.format(
                judged=count.real.judged,
                lam=bounds.LAMBDA,
                c0=bounds.C0,
                needed=max((cell.needed for _, cell in count.real.of("all")), default=0.0),
            ),
            *_by_constants(count),
            "",
            _DOWNGRADES.format(c0=bounds.C0),
            *_by_downgrade(count),
            "",
            "## Fast algorithms",
            "",
            _FAST,
            *_verdicts(count),
            "",
            "## Orders that know the values",
            "",
            _SORTED,
            *_sorted(count),
            "",
        ]
    )  # fmt: skip


def plain(count: Count) -> dict[str, Any]:
    """Return every figure as JSON has it."""
    return {
        "alarms": count.alarms,
        "cases": count.cases,
        "seconds": count.seconds,
        "real": count.real.plain(),
        "other": count.other.plain(),
        "sorted": count.sorted.plain(),
        "verdicts": {": ".join(key): number for key, number in sorted(count.verdicts.items())},
        "downgrades": {"/".join(map(str, k)): n for k, n in count.downgrades.items()},
        "environment": environment.describe(),
    }


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield the lines of a table whose columns but the first hold figures."""
    titles = list(head)
    yield "| " + " | ".join(titles) + " |"
    yield "| --- |" + " ---: |" * (len(titles) - 1)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"


def _found(count: Count, command: str) -> str:
    machine = environment.describe()
    real, other = count.real, count.other
    alarms = sum(cell.alarms for _, cell in real.of("all"))
    rate = f"{3 / max(count.cases, 1):.1g}" if not alarms else "what is counted here"
    return _FOUND.format(
        orders=len({key[1] for key, _ in real.of("order")}),
        alarms=alarms,
        judged=real.judged,
        cases=count.cases,
        longest=draw.LONGEST,
        rate=rate,
        other=other.judged,
        others=sum(cell.alarms for _, cell in other.of("all")),
        mistrusted=real.mistrusted + other.mistrusted,
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        seconds=count.seconds,
        command=command,
        **{name: machine[name] for name in ("cpu", "cores", "python", "numpy")},
    )


def _by_order(count: Count) -> Iterator[str]:
    cells = dict(count.real.of("order"))
    names = list(dict.fromkeys(name for _, name in cells))
    head = ["order", "checks", "alarms", *(f"{dtype}: p50, p99, max" for dtype in DTYPES)]
    rows = []
    for name in names:
        own = [cells.get((dtype, name), Cell()) for dtype in DTYPES]
        checks, alarms = sum(c.checks for c in own), sum(c.alarms for c in own)
        rows.append([name, f"{checks:,}", alarms, *map(_ratios, own)])
    return table(head, rows)


def _by_op(count: Count) -> Iterator[str]:
    cells = dict(count.real.of("dtype and op"))
    rows = []
    for dtype in DTYPES:
        for op in READS:
            cell = cells.get((dtype, op), Cell())
            rows.append([f"{dtype} {op}", f"{cell.checks:,}", cell.alarms, _ratios(cell)])
    return table(["dtype and op", "checks", "alarms", "ratio: p50, p99, max"], rows)


def _by_length(count: Count) -> Iterator[str]:
    cells = dict(count.real.of("length"))
    lengths = sorted({size for _, size in cells}, key=_least)
    head = ["terms", "checks", "alarms", "c(n) at the least"]
    head += [f"{dtype}: largest ratio, needed" for dtype in DTYPES]
    rows = []
    for size in lengths:
        own = [cells.get((dtype, size), Cell()) for dtype in DTYPES]
        figures = [f"{max(c.ratios, default=0):.3f}, {c.needed:.2f}" for c in own]
        allowed = float(bounds.growth(np.array([_least(size)]))[0])
        rows.append(
            [size, f"{sum(c.checks for c in own):,}", sum(c.alarms for c in own),
             f"{allowed:.1f}", *figures]
        )  # fmt: skip
    return table(head, rows)


def _by_constants(count: Count) -> Iterator[str]:
    head = ["c0", *(f"lambda {lam:g}" for lam in LAMBDAS)]
    rows = [
        [f"{c0:g}", *(f"{count.real.stricter[lam, c0]:,}" for lam in LAMBDAS)] for c0 in CONSTANTS
    ]
    return table(head, rows)


def _by_downgrade(count: Count) -> Iterator[str]:
    head = ["rounded to, terms", "results", *(f"lambda {lam:g}" for lam in LAMBDAS)]
    classes = {key[:2] for key in count.downgrades}
    rows = []
    for name, size in sorted(classes, key=lambda key: (key[0], _least(key[1]))):
        total = count.downgrades[name, size, "all"]
        seen = [count.downgrades[name, size, lam] / total for lam in LAMBDAS]
        rows.append([f"{name}, {size}", f"{total:,}", *(f"{100 * s:.1f} %" for s in seen)])
    return table(head, rows)


def _verdicts(count: Count) -> Iterator[str]:
    rows = [[": ".join(key), f"{n:,}"] for key, n in sorted(count.verdicts.items())]
    return table(["algorithm and verdict", "checks"], rows)


def _sorted(count: Count) -> Iterator[str]:
    rows = []
    for (dtype, name), cell in sorted(count.sorted.of("order")):
        rows.append([f"{name}, {dtype}", f"{cell.checks:,}", cell.alarms, _ratios(cell)])
    return table(["order", "checks", "outside", "ratio: p50, p99, max"], rows)


def _ratios(cell: Cell) -> str:
    return ", ".join(f"{q:.3f}" for q in cell.quantiles())


def _least(size: str) -> int:
    return int(size.partition("-")[0].replace(",", ""))
