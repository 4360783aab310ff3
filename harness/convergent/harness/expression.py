"""Words joined by ``and``, ``or``, ``not`` and parentheses, as pytest's ``-k`` has them."""

from __future__ import annotations

import re
from collections.abc import Callable


def keyword(expression: str) -> Callable[[str], bool]:
    """Return the test that ``expression`` describes: ``torch and not (same or float16)``.

    Words are substrings, upper and lower case alike. Raises ``ValueError`` for a bad expression.
    """
    tokens = re.findall(r"[()]|[^\s()]+", expression)
    if not tokens:
        return lambda _text: True
    parsed, rest = _either(tokens)
    if rest:
        raise ValueError(f"-k {expression!r} has {rest[0]!r} where it should end")
    return lambda text: parsed(text.lower())


_Parsed = tuple[Callable[[str], bool], list[str]]


def _either(tokens: list[str]) -> _Parsed:
    left, rest = _both(tokens)
    if rest[:1] != ["or"]:
        return left, rest
    right, rest = _either(rest[1:])
    return (lambda text: left(text) or right(text)), rest


def _both(tokens: list[str]) -> _Parsed:
    left, rest = _one(tokens)
    if rest[:1] != ["and"]:
        return left, rest
    right, rest = _both(rest[1:])
    return (lambda text: left(text) and right(text)), rest


def _one(tokens: list[str]) -> _Parsed:
    if not tokens or tokens[0] in ("and", "or", ")"):
        raise ValueError(f"-k lacks a word before {tokens[0] if tokens else 'its end'!r}")
    if tokens[0] == "not":
        inner, rest = _one(tokens[1:])
        return (lambda text: not inner(text)), rest
    if tokens[0] == "(":
        inner, rest = _either(tokens[1:])
        if rest[:1] != [")"]:
            raise ValueError("-k lacks a closing parenthesis")
        return inner, rest[1:]
    word = tokens[0].lower()
    return (lambda text: word in text), tokens[1:]
