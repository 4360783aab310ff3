"""The one-line name of a case: pytest id, file format, repro argument and hash.

A line is ``conv<dims>d:`` and fields joined by ``_``, defaults unsaid, safe in a shell and in
pytest's ``-k`` without quotes:

======================= ===============================================================
``n2``                  batch
``i9x10``               input, per dimension (``i9`` means 9 in each)
``c4``                  input channels
``k3x5``                kernel
``o6``                  output channels
``g2``                  groups
``s2`` ``d1x2``         stride, dilation
``pSAME``               padding by rule: ``pVALID`` (default), ``pSAME``, ``pSAMELOWER``
``p1`` ``p0+1x1+-2``    explicit zeros per side (``before+after``), negative crops
``float16``             dtype (default ``float32``)
``nchw``                channels first (``ncw``, ``ncdhw`` for 1-D, 3-D)
``gapped``              where the operands lie (default ``plain``)
``normal``              kind of data (default ``exact``), or ``golden3``
``seed7``               seed of the data
======================= ===============================================================

>>> parse("conv1d:i8_k3_pSAME_normal").y_shape
(1, 8, 1)
"""

from __future__ import annotations

import re
from typing import Any

from convergent.cases.case import DATA, DTYPES, MEMORY, SPECIAL, Case, Padding
from convergent.cases.errors import InvalidCase

CHANNELS_FIRST = {1: "ncw", 2: "nchw", 3: "ncdhw"}
CHANNELS_LAST = {1: "nwc", 2: "nhwc", 3: "ndhwc"}
RULES = {"pVALID": "VALID", "pSAME": "SAME", "pSAMELOWER": "SAME_LOWER"}

_COUNTS = {"n": "batch", "c": "in_channels", "o": "out_channels", "g": "groups", "seed": "seed"}
_SIZES = {"i": "input", "k": "kernel", "s": "stride", "d": "dilation"}
_HEAD = re.compile(r"conv([123])d:(.+)", re.ASCII)
_FIELD = re.compile(r"(seed|[a-z])(\d[\dx]*)", re.ASCII)
_PAD = re.compile(r"(-?\d{1,9})(?:\+(-?\d{1,9}))?", re.ASCII)
_MAX_DIGITS = 18


def render(case: Case) -> str:
    """Return the one-line name of ``case``; ``parse`` is its inverse."""
    ones = (1,) * case.dims
    fields = [
        ("n", case.batch, 1),
        ("i", _join(case.input), ""),
        ("c", case.in_channels, 1),
        ("k", _join(case.kernel), ""),
        ("o", case.out_channels, 1),
        ("g", case.groups, 1),
        ("s", _join(case.stride), _join(ones)),
        ("d", _join(case.dilation), _join(ones)),
        ("", _render_padding(case.padding), "pVALID"),
        ("", case.dtype, "float32"),
        ("", CHANNELS_FIRST[case.dims] if case.layout == "channels_first" else "", ""),
        ("", case.memory, "plain"),
        ("", case.data, "exact"),
        ("seed", case.seed, 0),
    ]
    said = "_".join(f"{key}{value}" for key, value, default in fields if value != default)
    return f"conv{case.dims}d:{said}"


def parse(line: str) -> Case:
    """Return the case that ``line`` names, or raise ``InvalidCase`` with the part at fault."""
    head = _HEAD.fullmatch(line.strip())
    if not head:
        raise InvalidCase(f"{line!r} is no case; write it like conv2d:n2_i9x10_c4_k3_o6_s2_pSAME")
    dims = int(head[1])
    found: dict[str, Any] = {}
    for word in head[2].split("_"):
        name, value = _read(word, dims)
        if name in found:
            raise InvalidCase(f"{line!r} says {name} twice")
        found[name] = value
    missing = [letter for letter in "ik" if _SIZES[letter] not in found]
    if missing:
        raise InvalidCase(f"{line!r} says no {_SIZES[missing[0]]}; add {missing[0]}SIZE")
    return Case(**found)


def _read(word: str, dims: int) -> tuple[str, Any]:  # noqa: PLR0911 - one return per kind
    for name, words in (("dtype", DTYPES), ("memory", MEMORY), ("data", DATA + SPECIAL)):
        if word in words:
            return name, word
    if word in (CHANNELS_FIRST[dims], CHANNELS_LAST[dims]):
        return "layout", "channels_first" if word == CHANNELS_FIRST[dims] else "channels_last"
    if re.fullmatch(r"golden\d+", word):
        return "data", word
    if word in RULES:
        return "padding", RULES[word]
    if word.startswith("p"):
        return "padding", tuple(_pair(part, word) for part in _spread(word[1:], dims, word))
    field = _FIELD.fullmatch(word)
    if field and field[1] in _COUNTS and "x" not in field[2]:
        return _COUNTS[field[1]], _integer(field[2], word)
    if field and field[1] in _SIZES:
        parts = _spread(field[2], dims, word)
        return _SIZES[field[1]], tuple(_integer(part, word) for part in parts)
    whole = f"conv{dims}d:n2_i9_c4_k3_o6_g2_s2_d2_pSAME_float16_{CHANNELS_FIRST[dims]}_normal_seed3"
    raise InvalidCase(f"{word!r} is no field of a {dims}-D case; all of them: {whole}")


def _integer(digits: str, word: str) -> int:
    if not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise InvalidCase(f"{word!r} holds no whole number that a size can have")
    return int(digits)


def _spread(value: str, dims: int, word: str) -> list[str]:
    parts = value.split("x")
    if len(parts) not in (1, dims):
        raise InvalidCase(f"{word!r} gives {len(parts)} sizes for {dims} dimensions")
    return parts * dims if len(parts) == 1 else parts


def _pair(part: str, word: str) -> tuple[int, int]:
    match = _PAD.fullmatch(part)
    if not match:
        raise InvalidCase(f"{word!r} is no padding; write pSAME, p1, p1x2 or p0+1x1+2")
    lo = int(match[1])
    return lo, int(match[2]) if match[2] else lo


def _join(values: tuple[int, ...] | tuple[str, ...]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def _render_padding(padding: Padding) -> str:
    if isinstance(padding, str):
        return next(word for word, rule in RULES.items() if rule == padding)
    pairs = tuple(str(lo) if lo == hi else f"{lo}+{hi}" for lo, hi in padding)
    return "p" + _join(pairs)
