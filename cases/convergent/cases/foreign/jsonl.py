"""JSON lines: the case of a row, and the row of a case, in the words of ``docs/formats.md``.

>>> from convergent.cases.foreign.row import load
>>> from convergent.cases.text import parse
>>> print(render(parse("conv1d:i8_c2_k3_o4_p1_s2")))
{"source": "convergent", "name": "conv1d:i8_c2_k3_o4_s2_p1", "kind": "conv", "dims": 1, "n": 1, \
"ic": 2, "oc": 4, "groups": 1, "in": [8], "k": [3], "stride": [2], "dilation": [1], \
"pad_lo": [1], "pad_hi": [1], "out": [4]}
>>> str(case(load(render(parse("conv1d:i8_c2_k3_o4_p1_s2")))))
'conv1d:i8_c2_k3_o4_s2_p1'
"""

from __future__ import annotations

import json
from typing import NoReturn

from convergent.cases import geometry
from convergent.cases.case import MAX_DIMS, Case, Padding, Pads
from convergent.cases.errors import InvalidCase
from convergent.cases.foreign.padding import settled
from convergent.cases.foreign.row import SIZES, Row

_OURS = ("dtype", "layout", "memory", "data", "seed")


def beyond(row: Row) -> str:
    """Return what of the row no case can express, or nothing."""
    for key in ("lhs_dilation", "batch_groups"):
        value = row.get(key, 1)
        if any(each != 1 for each in (value if isinstance(value, list) else [value])):
            return key
    if not 1 <= len(row["in"]) <= MAX_DIMS:
        return f"not 1 to {MAX_DIMS} dimensions"
    image = row["in"] if row["kind"] == "conv" else row.get("out", [])
    if 0 in image:
        return "an image of no places"
    return "less than no output" if row["kind"] == "conv" and _falls_short(row) else ""


def _falls_short(row: Row) -> bool:
    """Say whether the kernel is longer than the image: some frameworks call that an empty output.

    Not where the row says an output of its own: that is a contradiction, for ``case`` to tell.
    """
    if row.get("padding", "VALID") != "VALID" or min(row["stride"]) < 1:
        return False
    pads = ((0, 0),) * len(row["in"]) if "padding" in row else _pads(row)
    sizes = zip(*(row[key] for key in SIZES), pads, row.get("out", [0] * len(pads)))
    return any(not o and geometry.output_size(i, k, s, d, pad) < 0 for i, k, s, d, pad, o in sizes)


def case(row: Row) -> Case:
    """Return the case of a row that ``load`` gave and that is not ``beyond`` one.

    Raises ``InvalidCase`` for what no convolution has and for what contradicts itself: an output,
    or padding beside its rule, that is not the one the sizes give.
    """
    found = _deconv(row) if row["kind"] == "deconv" else _conv(row)
    rule = row.get("padding")
    if rule and "pad_lo" in row and _pads(row) != found.pads:
        raise InvalidCase(f"padding {rule} means {found.pads}, not {_pads(row)}; leave one out")
    return found


def render(case: Case) -> str:
    """Return the line of a case: a convolution with its padding and output in numbers too.

    ``case(load(render(c))) == c`` for every case ``c``.
    """
    row: Row = {
        "source": "convergent",
        "name": str(case),
        "kind": "conv",
        "dims": case.dims,
        "n": case.batch,
        "ic": case.in_channels,
        "oc": case.out_channels,
        "groups": case.groups,
        "in": case.input,
        "k": case.kernel,
        "stride": case.stride,
        "dilation": case.dilation,
    }
    if isinstance(case.padding, str):
        row["padding"] = case.padding
    row["pad_lo"], row["pad_hi"] = zip(*case.pads)
    row["out"] = case.output
    plain = Case(input=(1,), kernel=(1,))
    row.update(
        (key, getattr(case, key)) for key in _OURS if getattr(case, key) != getattr(plain, key)
    )
    return json.dumps(row)


def _conv(row: Row) -> Case:
    if "output_padding" in row:
        raise InvalidCase("output_padding of a conv; it is a deconv's, or leave it out")
    found = _make(row, row["in"], row["ic"], row["oc"])
    if "out" in row and row["out"] != list(found.output):
        _contradiction("out", row["out"], list(found.output), found)
    return found


def _deconv(row: Row) -> Case:
    """Return the convolution whose transpose the row is: channels swapped, its input ``out``."""
    if "padding" in row:
        if "out" not in row:
            raise InvalidCase("a deconv whose padding is a rule has many outputs; add out")
        image = row["out"]
    else:
        image = _deconv_output(row)
    found = _make(row, image, row["oc"], row["ic"])
    if row["in"] != list(found.output):
        _contradiction("in", row["in"], list(found.output), found)
    return found


def _deconv_output(row: Row) -> list[int]:
    """Return the output that the numbers give, which the row may say too."""
    pads = _pads(row)
    told = row.get("output_padding")
    if told is not None and told != [lo - hi for lo, hi in pads]:
        raise InvalidCase(
            f"output_padding {told} is not pad_lo - pad_hi; pad_hi includes it, or leave it out"
        )
    out = [
        (i - 1) * s + geometry.extent(k, d) - sum(pad)
        for i, k, s, d, pad in zip(row["in"], row["k"], row["stride"], row["dilation"], pads)
    ]
    if row.get("out", out) != out:
        raise InvalidCase(f"out is {row['out']}, but the sizes give {out}; leave out, or right it")
    return out


def _make(row: Row, image: list[int], inputs: int, outputs: int) -> Case:
    padding: Padding = row["padding"] if "padding" in row else _pads(row)
    stride = tuple(row["stride"])
    if not isinstance(padding, str) and (row["kind"] == "deconv" or row.get("sym_pad_ok")):
        padding = settled(padding, stride)
    return Case(
        input=tuple(image),
        kernel=tuple(row["k"]),
        batch=row["n"],
        in_channels=inputs,
        out_channels=outputs,
        groups=row["groups"],
        stride=stride,
        dilation=tuple(row["dilation"]),
        padding=padding,
        **{key: row[key] for key in _OURS if key in row},
    )


def _pads(row: Row) -> Pads:
    return tuple(zip(row["pad_lo"], row["pad_hi"]))


def _contradiction(key: str, told: list[int], found: list[int], case: Case) -> NoReturn:
    raise InvalidCase(f"{key} is {told}, but {case} has {found}; right it, or the sizes")
