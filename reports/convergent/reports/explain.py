"""A case in words, for those who do not read its one-line name."""

from __future__ import annotations

from convergent.cases.errors import InvalidCase
from convergent.cases.text import parse
from convergent.cases.words import in_words


def explain(line: str) -> str:
    """Return the case that ``line`` names in words, or an empty text if it names none.

    >>> explain("no case")
    ''
    """
    try:
        return in_words(parse(line))
    except InvalidCase:
        return ""
