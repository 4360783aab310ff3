"""The changes that may make a case simpler while it still shows what it shows.

A *stream* is a list of changes of one kind, the largest first: the kernel of one axis to 1, to a
half, by one. Relations between sizes must survive, so that some kinds change two sizes at once (a
smaller kernel with the input that keeps the output), and any two streams are tried together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Optional

from convergent.cases import geometry
from convergent.cases.case import MEMORY, Case, Pads
from convergent.cases.errors import InvalidCase

Change = dict["tuple[str, int]", Any]
"""New values by field and axis; ``_ALL`` is the axis of a field that has none."""

_ALL = -1
_FEW = 8  # up to so many smaller sizes, each is tried
_SEEDS = (0, 1, 2)


def moves(case: Case) -> Iterator[Case]:
    """Yield valid cases near ``case``, the most promising first; some twice, some no simpler."""
    yield from _with_fewer_axes(case)
    yield from _made(case, _leaps(case))
    plainer = _plainer(case)
    yield from _made(case, plainer)
    streams = [stream for stream in (*_counts(case), *_of_axes(case)) if stream]
    single = [*_by_depth(_everywhere(case)), *_by_depth(streams)]
    yield from _made(case, single)
    for one, other in itertools.combinations([*streams, _ruled(case)], 2):
        yield from _made(case, map(_merged, one, other))
        yield from _made(case, map(_merged, reversed(one), reversed(other)))
    for seed in _SEEDS if _depends_on_numbers(case) else ():
        yield from _made(case, ({("seed", _ALL): seed, **change} for change in plainer + single))
    for order in itertools.permutations(range(case.dims)):
        yield from _taken(case, order)


def _depends_on_numbers(case: Case) -> bool:
    """Say whether a smaller case may fail with the numbers of another seed alone."""
    return case.data != "exact" or case.dtype in ("float16", "bfloat16")


def towards(size: int, least: int = 1) -> list[int]:
    """Return sizes from ``least`` to below ``size``: all if they are few, or ever smaller steps.

    >>> towards(5), towards(40)
    ([1, 2, 3, 4], [1, 2, 20, 21, 31, 36, 38, 39])
    """
    gap = size - least
    if gap <= _FEW:
        return list(range(least, size))
    halves = {size - (gap >> shift) for shift in range(1, gap.bit_length())}
    return sorted({least, least + 1, size // 2, *halves, size - 2})


class _Axis(NamedTuple):
    """One spatial axis; ``pad`` is ``None`` where a SAME rule pads."""

    number: int
    input: int
    kernel: int
    stride: int
    dilation: int
    pad: Optional[tuple[int, int]]  # noqa: UP045 - Python 3.9 evaluates it
    output: int

    def change(self, **values: Any) -> Change:
        return {(name, self.number): value for name, value in values.items()}

    def shorter(self, kernel: int) -> int:
        """Return by how much a smaller ``kernel`` covers less."""
        return (self.kernel - kernel) * self.dilation

    def giving(self, output: int, **values: Any) -> Change:
        """Return ``values`` with the least input from which they make ``output`` places."""
        new = self._replace(**values)
        size = (output - 1) * new.stride + 1
        if new.pad is not None:
            size += geometry.extent(new.kernel, new.dilation) - 1 - sum(new.pad)
            size = max(size, 1 - sum(min(zeros, 0) for zeros in new.pad))
        return self.change(**values, input=max(size, 1))


def _axes(case: Case) -> list[_Axis]:
    is_same = case.padding in ("SAME", "SAME_LOWER")
    pads = (None,) * case.dims if is_same else case.pads
    rows = zip(case.input, case.kernel, case.stride, case.dilation, pads, case.output)
    return [_Axis(number, *row) for number, row in enumerate(rows)]


def _of_axes(case: Case) -> list[list[Change]]:
    return [stream for axis in _axes(case) for stream in _of_axis(axis, case).values()]


def _everywhere(case: Case) -> list[list[Change]]:
    """Return the streams of all axes at once, by kind: each axis at the same depth."""
    found = [_of_axis(axis, case) for axis in _axes(case)]
    kinds = ([streams[kind] for streams in found] for kind in found[0])
    return [
        [_merged(*row) for row in itertools.zip_longest(*kind, fillvalue={})]
        for kind in kinds
        if case.dims > 1
    ]


def _of_axis(axis: _Axis, case: Case) -> dict[str, list[Change]]:
    """Return the streams of one axis, by kind."""
    output, inhabited = axis.output, min(axis.output, 1)
    least = axis.giving(inhabited)["input", axis.number]
    found = {
        "output": [axis.giving(n) for n in (towards(output) if output else [1])],
        "input": [axis.change(input=n) for n in towards(axis.input, least)],
        "tight": [axis.giving(output)],
        "kernel_input": [axis.giving(output, kernel=n) for n in towards(axis.kernel)],
        "kernel": [axis.change(kernel=n) for n in towards(axis.kernel)],
        "stride_input": [axis.giving(output, stride=n) for n in towards(axis.stride)],
        "stride": [axis.change(stride=n) for n in towards(axis.stride)],
        "dilation_input": [axis.giving(output, dilation=n) for n in towards(axis.dilation)],
        "dilation": [axis.change(dilation=n) for n in towards(axis.dilation)],
    }
    if not isinstance(case.padding, str):
        found.update(_of_pad(axis, *case.padding[axis.number]))
    elif case.padding == "VALID":  # a zero on either side in place of what the kernel covers
        found["padded"] = [axis.giving(output, pad=(1, 1))] if axis.kernel > 1 else []
    return found


def _of_pad(axis: _Axis, before: int, after: int) -> dict[str, list[Change]]:
    """Return the streams of an axis that change its explicit padding."""
    rows = itertools.zip_longest(_nearer(before), _nearer(after))
    both = [(before if lo is None else lo, after if hi is None else hi) for lo, hi in rows]
    even = [(before, before), (after, after)]
    less = [(n, axis.shorter(n)) for n in towards(axis.kernel)]
    cut = sum(min(zeros, 0) for zeros in (before, after))
    return {
        "pad": [axis.change(pad=pair) for pair in both + even],
        "pad_input": [axis.giving(axis.output, pad=pair) for pair in both + even],
        "before": [axis.change(pad=(n, after)) for n in _nearer(before)],
        "after": [axis.change(pad=(before, n)) for n in _nearer(after)],
        # As far beyond a smaller kernel as before; then: the same output of the same input.
        "kernel_pads": [axis.change(kernel=n, pad=(before - by, after - by)) for n, by in less],
        "kernel_pad": [
            axis.change(kernel=n, pad=(before - by // 2, after - (by - by // 2))) for n, by in less
        ],
        "uncropped": [
            axis.change(pad=(max(before, 0), max(after, 0)), input=axis.input + cut),
        ],
    }


def _nearer(zeros: int) -> list[int]:
    """Return the paddings between nothing and ``zeros``, nothing first."""
    return towards(zeros, 0) if zeros > 0 else [-n for n in towards(-zeros, 0)]


def _counts(case: Case) -> list[list[Change]]:
    """Return the streams of batch, channels and groups."""
    groups = case.groups
    per_in, per_out = case.in_channels // groups, case.out_channels // groups
    into = [_count(in_channels=n * groups) for n in (towards(per_in) if per_in else [1])]
    out = [_count(out_channels=n * groups) for n in (towards(per_out) if per_out else [1])]
    fewer = towards(groups)
    return [
        [_count(batch=n) for n in (towards(case.batch) if case.batch else [1])],
        [_count(groups=n, in_channels=per_in * n, out_channels=per_out * n) for n in fewer],
        [_merged(*pair) for pair in zip(into, out)],
        into,
        out,
        [_count(groups=n) for n in fewer],
        # Fewer channels in fewer groups, as many filters; and the other way.
        [_count(groups=n, in_channels=per_in * n) for n in fewer],
        [_count(groups=n, out_channels=per_out * n) for n in fewer],
    ]


def _leaps(case: Case) -> list[Change]:
    """Return everything at once to its least: all counts, all outputs, both."""
    counts = _count(batch=1, in_channels=1, out_channels=1, groups=1)
    outputs = _merged(*(axis.giving(min(axis.output, 1)) for axis in _axes(case)))
    return [_merged(counts, outputs), counts, outputs]


def _plainer(case: Case) -> list[Change]:
    """Return the attributes to their defaults, or one step nearer; first all at once."""
    defaults = [
        _count(data="exact") if case.data != "illegal" else {},
        _count(seed=0),
        _count(layout="channels_last"),
        _count(memory="plain"),
        _count(groups=1),
        {("stride", axis): 1 for axis in range(case.dims)},
        {("dilation", axis): 1 for axis in range(case.dims)},
        _count(padding="VALID"),
    ]
    steps = [_count(data=kind) for kind in ("uniform", "normal") if case.data != "illegal"]
    steps += [_count(memory=word) for word in MEMORY] + [_count(seed=seed) for seed in _SEEDS]
    return [
        _merged(*defaults),
        *defaults,
        _count(padding=case.pads),
        _count(padding="SAME"),
        *steps,
    ]


def _ruled(case: Case) -> list[Change]:
    """Return the rule in place of the zeros that it means: simpler only where sizes shrink too."""
    if isinstance(case.padding, str):
        return []
    rules = (
        rule for rule in ("SAME", "SAME_LOWER") if case.replace(padding=rule).pads == case.pads
    )
    return [_count(padding=rule) for rule in itertools.islice(rules, 1)]


def _count(**values: Any) -> Change:
    return {(name, _ALL): value for name, value in values.items()}


def _merged(*changes: Change) -> Change:
    """Return all changes as one, or none where two speak of the same field."""
    merged = {key: value for change in changes for key, value in change.items()}
    return merged if len(merged) == sum(map(len, changes)) else {}


def _by_depth(streams: Iterable[list[Change]]) -> Iterator[Change]:
    """Yield the largest change of each stream, then the second of each, and so on."""
    for row in itertools.zip_longest(*streams):
        yield from (change for change in row if change is not None)


def _made(case: Case, changes: Iterable[Change]) -> Iterator[Case]:
    for change in changes:
        yield from _valid(case, _fields(case, change))


def _fields(case: Case, change: Change) -> dict[str, Any]:
    """Return the fields of ``case`` that ``change`` changes, axes put together."""
    fields: dict[str, Any] = {}
    for (name, axis), value in change.items():
        if axis == _ALL:
            fields[name] = value
            continue
        field = "padding" if name == "pad" else name
        parts = list(fields.get(field, case.pads if name == "pad" else getattr(case, name)))
        parts[axis] = value
        fields[field] = tuple(parts)
    return fields


def _with_fewer_axes(case: Case) -> Iterator[Case]:
    for dims in range(1, case.dims):
        for kept in itertools.combinations(range(case.dims), dims):
            yield from _taken(case, kept)


def _taken(case: Case, axes: tuple[int, ...]) -> Iterator[Case]:
    """Yield the case that has these axes of ``case``, in this order."""
    names = ("input", "kernel", "stride", "dilation")
    fields: dict[str, Any] = {n: tuple(getattr(case, n)[a] for a in axes) for n in names}
    if not isinstance(case.padding, str):
        pads: Pads = case.padding
        fields["padding"] = tuple(pads[a] for a in axes)
    yield from _valid(case, fields)


def _valid(case: Case, fields: dict[str, Any]) -> Iterator[Case]:
    """Yield the case with these fields, if it is one; a golden's numbers have no other sizes."""
    if case.data.startswith("golden") and not {"layout", "memory", "seed"}.issuperset(fields):
        fields = {"data": "exact", **fields}
    try:
        yield case.replace(**fields)
    except InvalidCase:
        return
