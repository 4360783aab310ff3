"""Sweeps: few small cases in which every feasible pair, or triple, of levels occurs.

A covering array of the levels (covertable's greedy algorithm, deterministic) gives rows; each row
becomes a case whose sizes follow from its levels. Why pairs: Kuhn, Wallace & Gallo, *Software
fault interactions and implications for software testing* (IEEE TSE 30(6), 2004).

``python -m convergent.cases.sweep`` prints the suite ``ci``, with the argument 3 ``triples``. They
are kept as files, so that a run begins at once, with the same cases whatever covertable's version.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping

from convergent.cases.case import PADDINGS, Case, Padding
from convergent.cases.errors import InvalidCase
from convergent.cases.factors import FACTORS
from convergent.cases.geometry import extent

Row = Mapping[str, str]
Sizes = tuple[int, ...]

DISPATCH = ("dims", "padding", "dtype", "layout", "data")
"""What frameworks choose a kernel by: these occur in triples even in the pairwise sweep."""

# Levels that no case has together.
FORBIDDEN: tuple[dict[str, tuple[str, ...]], ...] = (
    # One dimension has nothing to be unequal to.
    {"dims": ("1",), "input": ("unequal",)},
    {"dims": ("1",), "kernel": ("unequal",)},
    {"dims": ("1",), "stride": ("unequal",)},
    {"dims": ("1",), "dilation": ("unequal",)},
    # A stride above a kernel of one is beyond it, and so are zeros around it.
    {"kernel": ("one",), "stride": ("2", "3", "unequal")},
    {"kernel": ("one",), "padding": ("symmetric", "asymmetric")},
    {"kernel": ("beyond_input",), "padding": ("VALID",)},
    # One channel has no groups; a group per channel with one output each keeps the channels.
    {"channels": ("one",), "groups": ("grouped", "depthwise", "multiplier")},
    {"channels": ("more_in", "more_out"), "groups": ("depthwise",)},
    {"channels": ("equal", "more_in"), "groups": ("multiplier",)},
    {"channels": ("one",), "width": ("wide",)},
)

# In and out channels and groups, by channels, groups and width: tails of 1 to 5 beyond 16.
_CHANNELS = {
    ("one", "none", "narrow"): (1, 1, 1),
    ("equal", "none", "narrow"): (3, 3, 1),
    ("equal", "none", "wide"): (17, 17, 1),
    ("equal", "grouped", "narrow"): (6, 6, 3),
    ("equal", "grouped", "wide"): (18, 18, 3),
    ("equal", "depthwise", "narrow"): (5, 5, 5),
    ("equal", "depthwise", "wide"): (19, 19, 19),
    ("more_in", "none", "narrow"): (5, 2, 1),
    ("more_in", "none", "wide"): (19, 3, 1),
    ("more_in", "grouped", "narrow"): (6, 4, 2),
    ("more_in", "grouped", "wide"): (20, 6, 2),
    ("more_out", "none", "narrow"): (2, 5, 1),
    ("more_out", "none", "wide"): (3, 19, 1),
    ("more_out", "grouped", "narrow"): (4, 6, 2),
    ("more_out", "grouped", "wide"): (6, 21, 3),
    ("more_out", "multiplier", "narrow"): (3, 6, 3),
    ("more_out", "multiplier", "wide"): (9, 18, 9),
}
_TRIPLES = 3
_SMALLEST = {1: 11, 2: 5, 3: 3}  # input, by dimensions


def sweep(strength: int = 2) -> list[Case]:
    """Return cases in which every feasible combination of ``strength`` levels occurs.

    ``strength`` is 2 (pairs, and triples of the factors ``DISPATCH``) or 3 (triples). The same call
    gives the same list.
    """
    import covertable

    factors = {name: list(found) for name, found in FACTORS.items()}
    constraints = [
        {"operator": "fn", "requires": list(levels), "evaluate": functools.partial(_allows, levels)}
        for levels in FORBIDDEN
    ]
    # covertable ignores keywords that it does not know; the tests show that these two act.
    dispatch = [{"fields": list(DISPATCH), "strength": _TRIPLES}] if strength < _TRIPLES else []
    rows = covertable.make(factors, strength=strength, constraints=constraints, sub_models=dispatch)
    return [build(row) for row in rows]


def build(row: Row) -> Case:
    """Return the case of a row of levels; ``InvalidCase`` or ``KeyError`` if there is none."""
    dims = int(row["dims"])
    dilation = _steps(row["dilation"], dims)
    if row["kernel"] == "beyond_input":
        size = _input(row["input"], (2,) * dims)
        kernel = tuple(-(-i // d) + 1 for i, d in zip(size, dilation))
        extents = tuple(map(extent, kernel, dilation))
        stride = _stride(row, extents)
    else:
        kernel = _kernel(row, dims)
        extents = tuple(map(extent, kernel, dilation))
        stride = _stride(row, extents)
        smallest = max(_SMALLEST[dims], *(e + s for e, s in zip(extents, stride)))
        size = _input(row["input"], (smallest,) * dims)
    in_channels, out_channels, groups = _CHANNELS[row["channels"], row["groups"], row["width"]]
    case = Case(
        input=size,
        kernel=kernel,
        batch=2 if row["batch"] == "several" else 1,
        in_channels=in_channels,
        out_channels=out_channels,
        groups=groups,
        stride=stride,
        dilation=dilation,
        padding=_padding(row["padding"], size, extents),
        dtype=row["dtype"],
        layout=row["layout"],
        data=row["data"],
    )
    if min(case.output) < 1:
        raise InvalidCase(f"{case} has no output")
    return case


def _allows(forbidden: Mapping[str, tuple[str, ...]], row: Row) -> bool:
    return not all(row[name] in levels for name, levels in forbidden.items())


def _steps(level: str, dims: int) -> Sizes:
    return (1, 2, 1)[:dims] if level == "unequal" else (int(level),) * dims


def _stride(row: Row, extents: Sizes) -> Sizes:
    if row["stride"] == "beyond_kernel":
        return tuple(e + 1 for e in extents)
    return _steps(row["stride"], len(extents))


def _kernel(row: Row, dims: int) -> Sizes:
    """Return a kernel that is not shorter than the stride, where the stride is not beyond it."""
    even = 4 if row["stride"] == "3" and row["dilation"] != "2" else 2
    return {
        "one": (1, 1, 1),
        "odd": (3, 3, 3),
        "even": (even, even, even),
        "unequal": (3, even, 3),
    }[row["kernel"]][:dims]


def _input(level: str, smallest: Sizes) -> Sizes:
    """Return sizes of this level that are no smaller than ``smallest``, which are equal."""
    size = smallest[0]
    if level == "unequal":
        return tuple(size + step for step in (0, 1, 0)[: len(smallest)])
    return tuple(n + (n % 2 != (level == "odd")) for n in smallest)


def _padding(level: str, size: Sizes, extents: Sizes) -> Padding:
    if level in PADDINGS:
        return level
    made: list[tuple[int, int]] = []
    for axis, (i, e) in enumerate(zip(size, extents)):
        lacking = max(e - i, 0)
        if level == "symmetric":
            half = max(1, -(-lacking // 2)) if e > 1 else 0
            pair = (half, half)
        elif level == "asymmetric":
            more = max(lacking, min(2, e - 1))
            pair = (max(more - 1, 0), more)
        elif level == "negative":
            pair = (-1, max(e - i + 1, 0))
        else:
            pair = (e, e)
        made.append(pair if axis % 2 == 0 else pair[::-1])
    return tuple(made)


_TEXTS = {
    2: (
        "# Every feasible pair of dimensions, sizes, kernel, stride, dilation, padding, channels,\n"
        "# groups, batch, dtype, layout and data, and triples of what frameworks dispatch on.\n"
        "\n"
        "# Made by: python -m convergent.cases.sweep > cases/convergent/cases/suites/ci.txt\n"
    ),
    3: (
        "# Every feasible triple of dimensions, sizes, kernel, stride, dilation, padding,\n"
        "# channels, groups, batch, dtype, layout and data.\n"
        "\n"
        "# Made by: python -m convergent.cases.sweep 3 >\n"
        "# cases/convergent/cases/suites/triples.txt\n"
    ),
}


def main(strength: int = 2) -> None:
    """Print the sweep of ``strength`` as the text of a suite."""
    sys.stdout.write(_TEXTS[strength])
    sys.stdout.writelines(f"{case}\n" for case in sweep(strength))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
