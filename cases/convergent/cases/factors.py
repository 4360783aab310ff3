"""The factors that cases vary by: each case has one level of each.

The sweep draws rows of levels, the coverage counter counts pairs of them.

>>> from convergent.cases.text import parse
>>> found = levels(parse("conv2d:i7_c4_k2_o4_g4_s3_pSAME"))
>>> found["kernel"], found["stride"], found["groups"], found["channels"]
('even', 'beyond_kernel', 'depthwise', 'equal')
"""

from __future__ import annotations

from convergent.cases.case import DATA, DTYPES, LAYOUTS, PADDINGS, Case

WIDE = 16
"""More channels than this fill a vector register of any CPU and leave a tail."""

FACTORS: dict[str, tuple[str, ...]] = {
    "dims": ("2", "1", "3"),
    "input": ("unequal", "odd", "even"),
    "kernel": ("odd", "even", "unequal", "one", "beyond_input"),
    "stride": ("1", "2", "3", "unequal", "beyond_kernel"),
    "dilation": ("1", "2", "unequal"),
    "padding": (*PADDINGS, "symmetric", "asymmetric", "negative", "beyond_kernel"),
    "channels": ("more_out", "more_in", "equal", "one"),
    "groups": ("none", "grouped", "depthwise", "multiplier"),
    "width": ("narrow", "wide"),
    "batch": ("several", "one"),
    "dtype": DTYPES,
    "layout": LAYOUTS,
    "data": DATA,
}
"""Each factor's levels; the first is what the sweep takes where any would do.

A case outside them (stride 5, a golden) has a level of its own.
"""


def levels(case: Case) -> dict[str, str]:
    """Return the level of each factor that ``case`` has, in the order of ``FACTORS``."""
    return {
        "dims": str(case.dims),
        "input": _parity(case.input),
        "kernel": _kernel(case),
        "stride": _stride(case),
        "dilation": _same(case.dilation),
        "padding": _padding(case),
        "channels": _channels(case),
        "groups": _groups(case),
        "width": "wide" if max(case.in_channels, case.out_channels) > WIDE else "narrow",
        "batch": "several" if case.batch > 1 else "one",
        "dtype": case.dtype,
        "layout": case.layout,
        "data": case.data,
    }


def _same(sizes: tuple[int, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else "unequal"


def _parity(sizes: tuple[int, ...]) -> str:
    if len(set(sizes)) > 1:
        return "unequal"
    return "odd" if sizes[0] % 2 else "even"


def _kernel(case: Case) -> str:
    if any(e > i for e, i in zip(case.extents, case.input)):
        return "beyond_input"
    return "one" if max(case.kernel) == 1 else _parity(case.kernel)


def _stride(case: Case) -> str:
    if any(s > e for s, e in zip(case.stride, case.extents)):
        return "beyond_kernel"
    return _same(case.stride)


def _padding(case: Case) -> str:
    if isinstance(case.padding, str):
        return case.padding
    if min(map(min, case.padding)) < 0:
        return "negative"
    if any(max(p) >= e for p, e in zip(case.padding, case.extents)):
        return "beyond_kernel"
    if any(lo != hi for lo, hi in case.padding):
        return "asymmetric"
    return "symmetric" if any(map(any, case.padding)) else "VALID"


def _channels(case: Case) -> str:
    if case.in_channels == case.out_channels:
        return "one" if case.in_channels == 1 else "equal"
    return "more_in" if case.in_channels > case.out_channels else "more_out"


def _groups(case: Case) -> str:
    if case.groups == 1:
        return "none"
    if case.groups < case.in_channels:
        return "grouped"
    return "depthwise" if case.in_channels == case.out_channels else "multiplier"
