"""One line of JSON that says a problem: its keys, their types, and nothing else.

>>> load('{"kind": "conv", "n": 1}')
Traceback (most recent call last):
convergent.cases.errors.InvalidCase: ic, oc, groups, in, k, stride, dilation missing; add these keys
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from convergent.cases.errors import InvalidCase
from convergent.cases.foreign.source import quoted

Row = dict[str, Any]

_COUNTS = ("n", "ic", "oc", "groups")
SIZES = ("in", "k", "stride", "dilation")
_NEEDED = ("kind", *_COUNTS, *SIZES)
_LISTS = (*SIZES, "out", "pad_lo", "pad_hi", "output_padding", "lhs_dilation")
_NUMBERS = (*_COUNTS, "dims", "batch_groups", "seed")
_WORDS = ("kind", "padding", "dtype", "layout", "memory", "data")
_FLAGS = ("sym_pad_ok", "unbatched")
_REMARKS = ("source", "name", "gmac", "empty_in", "empty_out")
_KNOWN = {*_LISTS, *_NUMBERS, *_WORDS, *_FLAGS, *_REMARKS}
_MAX_DIGITS = 18


def load(line: str) -> Row:
    """Return the object of a line, its values of the right types, or raise ``InvalidCase``."""
    try:
        row = json.loads(
            line, object_pairs_hook=_object, parse_int=_integer, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise InvalidCase(f"no JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise InvalidCase("too deep for JSON of a case; write one flat object") from error
    missing = [key for key in _NEEDED if key not in row]
    if missing:
        raise InvalidCase(f"{', '.join(missing)} missing; add {_many('key', missing)}")
    _check_types(row)
    _check_lengths(row)
    return row  # type: ignore[no-any-return]


def unknown(row: Row) -> list[str]:
    """Return the keys that mean nothing here, as a message shows them."""
    return [f"key {quoted(key)[1:-1]}" for key in row if key not in _KNOWN]


def _check_types(row: Row) -> None:
    for key in row:
        value = row[key]
        if key in _NUMBERS and not _is_whole(value):
            raise InvalidCase(f"{key} is {_shown(value)}, no whole number")
        if key in _LISTS and not (isinstance(value, list) and all(map(_is_whole, value))):
            raise InvalidCase(f"{key} is {_shown(value)}, no list of whole numbers such as [3, 3]")
        if key in _WORDS and not isinstance(value, str):
            raise InvalidCase(f"{key} is {_shown(value)}, no word")
        if key in _FLAGS and not isinstance(value, bool):
            raise InvalidCase(f"{key} is {_shown(value)}, neither true nor false")
    if row["kind"] not in ("conv", "deconv"):
        raise InvalidCase(f"kind is {_shown(row['kind'])}; write conv or deconv")


def _check_lengths(row: Row) -> None:
    dims = len(row["in"])
    for key in _LISTS:
        if key in row and len(row[key]) != dims:
            raise InvalidCase(f"{key} has {len(row[key])} numbers, in has {dims}")
    if row.get("dims", dims) != dims:
        raise InvalidCase(f"dims is {row['dims']}, but in has {dims} numbers")
    if ("pad_lo" in row) != ("pad_hi" in row):
        raise InvalidCase("pad_lo and pad_hi go together; add the other")
    if "pad_lo" not in row and "padding" not in row:
        raise InvalidCase("no padding; add pad_lo and pad_hi, or padding VALID")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    said = json.dumps(value)
    return said if len(said) <= _MAX_DIGITS * 2 else f"{said[: _MAX_DIGITS * 2]}..."


def _many(noun: str, things: list[str]) -> str:
    return f"this {noun}" if len(things) == 1 else f"these {noun}s"


def _object(pairs: list[tuple[str, Any]]) -> Row:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidCase(f"key {quoted(twice)} is there twice; leave one out")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise InvalidCase(f"a number of {len(digits)} digits, which no size can have")
    return int(digits)


def _constant(word: str) -> NoReturn:
    raise InvalidCase(f"{word} is no number of JSON")
