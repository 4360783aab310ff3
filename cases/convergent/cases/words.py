"""A case in words, for those who do not read its one-line name."""

from __future__ import annotations

from convergent.cases.case import Case

_DATA = {
    "exact": "exact small integers",
    "normal": "normal data",
    "uniform": "uniform data",
    "nonfinite": "NaN and infinities among small integers",
    "subnormal": "integers whose products are subnormal",
    "tiny": "subnormal images, large filters",
    "overflow": "integers of which about half of the sums overflow",
    "signedzeros": "zeros of both signs",
    "illegal": "a call to be refused",
}


def in_words(case: Case) -> str:
    """Say what ``case`` is in one sentence.

    >>> from convergent.cases.text import parse
    >>> in_words(parse("conv2d:i5_k3_s2_pSAME_normal"))
    '2-D: 1 image of 5x5 with 1 channel, 1 filter of 3x3, stride 2, padding SAME (1 on every side),\
 output 3x3; float32, channels last, normal data'
    """
    channels = _many(case.in_channels, "channel")
    parts = [
        f"{_many(case.batch, 'image')} of {_by(case.input)} with {channels}",
        f"{_many(case.out_channels, 'filter')} of {_by(case.kernel)}",
    ]
    if case.groups > 1:
        parts.append(f"{case.groups} groups")
    if max(case.stride) > 1:
        parts.append(f"stride {_size(case.stride)}")
    if max(case.dilation) > 1:
        parts.append(f"dilation {_size(case.dilation)} (the kernel covers {_by(case.extents)})")
    parts += [_padding(case), f"output {_by(case.output)}"]
    if max(case.unused):
        unused = _by(case.unused)
        parts.append(f"{unused} trailing {'place' if unused == '1' else 'places'} unused")
    last = [case.dtype, case.layout.replace("_", " "), _DATA.get(case.data, case.data)]
    if case.memory != "plain":
        last.insert(2, f"{case.memory} memory")
    if case.seed:
        last.append(f"seed {case.seed}")
    return f"{case.dims}-D: {', '.join(parts)}; {', '.join(last)}"


def _padding(case: Case) -> str:
    if not any(map(any, case.pads)):
        return "no padding"
    sides = {zeros for pair in case.pads for zeros in pair}
    if len(sides) == 1:
        said = f"{sides.pop()} on every side"
    else:
        said = " x ".join(f"{before} before and {after} after" for before, after in case.pads)
    rule = f"{case.padding.replace('_', ' ')} ({said})" if isinstance(case.padding, str) else said
    return f"padding {rule}"


def _size(sizes: tuple[int, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else _by(sizes)


def _by(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
