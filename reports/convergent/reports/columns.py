"""All checks of a run by columns: small enough to lie inside a page at 200,000 rows."""

from __future__ import annotations

import base64
import json
import sys
from array import array
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from convergent.backends import registry
from convergent.harness.outcome import PASSING, Number, Outcome, number
from convergent.harness.record import Run
from convergent.reports.explain import explain
from convergent.reports.facets import FACETS, of_case

_TEXTS = ("variant", "key", "case", "verdict", "known", "said", "kernel", "diagnosis")
NAMES = (*_TEXTS, "card", "ratio", "ulp", "ms")
EXPLAINED = 2000
"""So many cases, at most, are put into words; the features of the others still speak."""


class Column:
    """Each distinct value once, in the order of appearance, and the place of each row's value."""

    def __init__(self) -> None:
        self.words: dict[Hashable, int] = {}
        self.places = array("I")

    def add(self, value: Hashable) -> None:
        """Append a row."""
        self.places.append(self.words.setdefault(value, len(self.words)))

    def packed(self) -> dict[str, Any]:
        """Return the words, and the places as base64 of 1, 2 or 4 bytes, little-endian."""
        return packed(list(self.words), self.places)


class Columns:
    """The columns of checks that come one by one; ``cards`` names the card of each that has one."""

    def __init__(self, cards: Mapping[str, str] | None = None) -> None:
        self._columns = {name: Column() for name in NAMES}
        self._cards = cards or {}

    def add(self, o: Outcome) -> None:
        """Append one check."""
        add = {name: column.add for name, column in self._columns.items()}
        for name in ("variant", "key", "case", "verdict", "kernel"):
            add[name](getattr(o, name))
        add["known"](o.known if o.verdict not in PASSING else "")
        add["said"](_said(o))
        add["diagnosis"](o.diagnosis or o.model)
        add["card"](self._cards.get(o.id, ""))
        add["ratio"](_rounded(o.ratio))
        add["ulp"](_rounded(o.ulp))
        add["ms"](_rounded((o.again or o.seconds) * 1000 or None))

    def data(self) -> dict[str, Any]:
        """Return the columns, the facets of their words and the cases in words.

        A word of ``ratio`` and ``ulp`` is a number, null, or ``"inf"``, ``"nan"``; one of ``ms``
        is the milliseconds of the last call, null where nothing ran; of the others it is a text.
        """
        columns = {name: column.packed() for name, column in self._columns.items()}
        cases = columns["case"]["words"]
        return {
            "count": len(self._columns["case"].places),
            "columns": columns,
            "facets": facets(columns),
            "explained": [explain(case) for case in cases[:EXPLAINED]],
        }


def columns(run: Run) -> dict[str, Any]:
    """Return the checks of ``run`` by columns."""
    found = Columns()
    for o in run.outcomes:
        found.add(o)
    return found.data()


def facets(columns: dict[str, Any]) -> dict[str, Any]:
    """Return what a row can be chosen by: the column a facet is of, and each word's value."""
    found: dict[str, Any] = {}

    def facet(name: str, of: str, values: Iterable[Hashable]) -> None:
        column = Column()
        for value in values:
            column.add(value)
        found[name] = {"of": of, "words": list(column.words), "at": list(column.places)}

    variants, keys = columns["variant"]["words"], columns["key"]["words"]
    facet("backend", "variant", map(registry.backend_of, variants))
    facet("variant", "variant", variants)
    facet("op", "key", (key.partition("/")[0] for key in keys))
    facet("method", "key", (key.partition("/")[2] for key in keys))
    values = [of_case(case) for case in columns["case"]["words"]]
    for place, name in enumerate(FACETS):
        facet(name, "case", (value[place] for value in values))
    facet("diagnosis", "diagnosis", columns["diagnosis"]["words"])
    facet("finding", "card", columns["card"]["words"])
    return found


def packed(words: list[Any], places: array[int]) -> dict[str, Any]:
    """Return ``places`` in ``words`` as base64 of the fewest bytes that hold them."""
    code, width = next(
        (c, w) for c, w in (("B", 1), ("H", 2), ("I", 4)) if len(words) <= 1 << (8 * w)
    )
    held = array(code, places)
    if sys.byteorder == "big":
        held.byteswap()
    return {"words": words, "bytes": width, "at": base64.b64encode(held.tobytes()).decode()}


def embed(data: Any) -> str:
    """Return ``data`` as JSON that no text in it can break out of a script element with."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _said(o: Outcome) -> str:
    if o.verdict == "agrees":
        return o.note
    return o.sentence.removeprefix(f"{o.variant} {o.key}: ").removeprefix(f"{o.variant} {o.key}")


def _rounded(value: Number | None) -> Number | None:
    return number(float(f"{value:.3g}")) if isinstance(value, float | int) else value
