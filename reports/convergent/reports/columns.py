"""All checks of a run by columns: small enough to lie inside a page at 20,000 rows."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from convergent.harness.outcome import PASSING, Number, Outcome
from convergent.harness.record import Run
from convergent.reports.explain import explain


class _Words:
    """Each distinct value once, in the order of appearance."""

    def __init__(self) -> None:
        self.places: dict[Hashable, int] = {}

    def place(self, value: Hashable) -> int:
        return self.places.setdefault(value, len(self.places))


def columns(run: Run) -> dict[str, Any]:
    """Return the checks as equally long lists; a text is the place of its word in ``words``.

    ``known``, ``said`` and ``kernel`` are places too, or -1. A ratio and an ulp are numbers, null,
    or ``"inf"``, ``"nan"``; ``ms`` is the milliseconds of the last call, null where nothing ran.
    """
    words = {
        name: _Words() for name in ("variant", "key", "case", "verdict", "known", "said", "kernel")
    }
    rows: dict[str, list[Any]] = {name: [] for name in (*words, "ratio", "ulp", "ms")}
    for o in run.outcomes:
        for name in ("variant", "key", "case", "verdict"):
            rows[name].append(words[name].place(getattr(o, name)))
        allowed = o.known if o.verdict not in PASSING else ""
        rows["known"].append(words["known"].place(allowed) if allowed else -1)
        said = _said(o)
        rows["said"].append(words["said"].place(said) if said else -1)
        rows["kernel"].append(words["kernel"].place(o.kernel) if o.kernel else -1)
        rows["ratio"].append(_rounded(o.ratio))
        rows["ulp"].append(_rounded(o.ulp))
        rows["ms"].append(_rounded((o.again or o.seconds) * 1000 or None))
    found: dict[str, Any] = {name: list(kept.places) for name, kept in words.items()}
    found["explained"] = [explain(case) for case in found["case"]]
    return {"words": found, "rows": rows}


def embed(data: Any) -> str:
    """Return ``data`` as JSON that no text in it can break out of a script element with."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _said(o: Outcome) -> str:
    if o.verdict == "agrees":
        return o.note
    return o.sentence.removeprefix(f"{o.variant} {o.key}: ")


def _rounded(value: Number | None) -> Number | None:
    return float(f"{value:.3g}") if isinstance(value, float | int) else value
