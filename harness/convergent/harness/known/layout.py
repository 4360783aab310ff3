"""Where the entries of a ledger stand in its text, so that the rest of the file can stay as it is.

The text is that of a valid TOML file: strings, comments and brackets are followed, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from convergent.cases.record import record

_TOKEN = re.compile(
    r"""
    \"{3}(?:\\.|[^\\])*?\"{3}\"{0,2} | '{3}.*?'{3}'{0,2}  # strings of several lines
    | "(?:\\.|[^"\\\n])*" | '[^'\n]*'
    | \#[^\n]* | [^\S\n]+ | . | \n
    """,
    re.VERBOSE | re.DOTALL,
)
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))""")


@record
class Place:
    """Lines ``[first, end)`` of an entry, counted from 0, and the first line of each field."""

    first: int
    end: int
    fields: tuple[tuple[str, int], ...] = ()

    def line(self, field: str = "") -> int:
        """Return the line of a field, or of the entry where it has none, counted from 1."""
        return dict(self.fields).get(field, self.first) + 1


@record
class _Statement:
    first: int
    end: int
    text: str

    @property
    def key(self) -> str:
        found = _KEY.match(self.text)
        return next(filter(None, found.groups()), "") if found else ""


def lines(text: str) -> list[str]:
    """Return the lines of ``text`` with their ends, as TOML sees them."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def places(text: str) -> list[Place]:
    """Return the place of each entry that is written as a table, ``[[known]]``."""
    found: list[list[_Statement]] = []
    inside = False
    for statement in _statements(text):
        if statement.text.startswith("["):
            head = statement.text.strip("[] \t\r")
            inside = _Statement(first=0, end=0, text=head).key == "known"
            if inside and statement.text.startswith("[["):
                found.append([])
        if inside and found:
            found[-1].append(statement)
    return [
        Place(
            first=head.first,
            end=[head, *fields][-1].end,
            fields=tuple((field.key, field.first) for field in fields),
        )
        for head, *fields in found
    ]


def key_line(text: str, key: str) -> int:
    """Return the line, counted from 1, where the file's own ``key`` or table is first set."""
    for statement in _statements(text):
        head = statement.text.lstrip("[ \t")
        if _Statement(first=0, end=0, text=head).key == key:
            return statement.first + 1
    return 1


def without(text: str, numbers: Collection[int]) -> str:
    """Return ``text`` without the entries of these places in ``places``.

    Comments stay, but for those within an entry. Empty lines go with the entry before them, if
    there would be two runs of them in a row else.
    """
    whole = lines(text)
    found = places(text)
    gone: set[int] = set()
    for number in sorted(numbers):
        place = found[number]
        gone |= set(range(place.first, place.end))
        before = next((at for at in range(place.first - 1, -1, -1) if at not in gone), None)
        if before is None or not whole[before].strip():
            gone |= set(_blank(whole, place.end))
    kept = [line for at, line in enumerate(whole) if at not in gone]
    if gone and max(gone) == len(whole) - 1:  # the last entry went: no empty lines at the end
        while kept and not kept[-1].strip():
            kept.pop()
    return "".join(kept)


def _blank(whole: list[str], first: int) -> Iterator[int]:
    for at in range(first, len(whole)):
        if whole[at].strip():
            return
        yield at


def _statements(text: str) -> Iterator[_Statement]:
    """Yield each key with its value and each head of a table, with the lines it takes."""
    line = depth = begun = 0
    said = ""
    for word in _TOKEN.findall(text):
        if word == "\n" and depth == 0:
            if said:
                yield _Statement(first=begun, end=line + 1, text=said)
            said = ""
        elif not word.startswith("#") and (said or word.strip()):
            begun = begun if said else line
            said += word
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(word, 0)
        line += word.count("\n")
    if said:
        yield _Statement(first=begun, end=line + 1, text=said)
