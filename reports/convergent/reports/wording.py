"""How figures and findings are said: short numbers, one plain sentence, a command to repeat it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from convergent.harness import diagnose
from convergent.harness.outcome import Number, Worst
from convergent.harness.record import End
from convergent.reports.groups import Group
from convergent.reports.summary import Summary

SYMBOLS = {
    "agrees": "✓",
    "degraded": "≈",
    "differs": "✗",
    "unsupported": "-",
    "raised": "!",
    "crashed": "†",
    "timed_out": "…",
    "mistrusted": "?",
    "known": "◇",
}
"""A sign per verdict, so that no colour has to carry a meaning alone."""

WORDS = {"timed_out": "timed out"}
_COUNTED = {
    "differs": ("differs", "differ"),
    "degraded": ("is degraded", "are degraded"),
    "raised": ("raised", "raised"),
    "crashed": ("crashed", "crashed"),
    "timed_out": ("timed out", "timed out"),
    "mistrusted": ("is mistrusted", "are mistrusted"),
}
_UNNAMED = {
    diagnose.UNEXPLAINED: "No known kind of mistake explains it",
    diagnose.SCANT: "Too few elements are wrong to tell the cause",
    diagnose.TOO_LARGE: "The case is too large to tell the cause",
}
_SECONDS_PER_MINUTE = 60


def word(verdict: str) -> str:
    """Return ``verdict`` as a person writes it."""
    return WORDS.get(verdict, verdict)


def many(count: int, noun: str) -> str:
    """Return ``1 check``, ``2 checks``, ``2,711 checks``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def short(value: Number | None) -> str:
    """Return a number in two digits; a dash for None.

    >>> short(0.4237), short(812345.0), short("inf"), short(0), short(None)
    ('0.42', '8.1e5', '∞', '0', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        return {"inf": "∞", "-inf": "-∞", "nan": "NaN"}[value]
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    mantissa, _, exponent = f"{value:.2g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def exact(value: Number | None) -> str:
    """Return a number in the nine digits that tell any two float32 apart."""
    return f"{value:.9g}" if isinstance(value, float | int) else short(value)


def apart(worst: Worst, *ways: Callable[[Number], str]) -> tuple[str, str]:
    """Return actual and expected as said by the first of ``ways`` in which they differ.

    >>> apart(Worst(index=(0,), expected=264.0, actual=263.0, bound=0.0), short, exact)
    ('263', '264')
    """
    pairs = [(say(worst.actual), say(worst.expected)) for say in ways]
    return next((pair for pair in pairs if len(set(pair)) > 1), pairs[0])


def duration(seconds: float) -> str:
    """Return a time as a person says it: ``0.8 ms``, ``12 s``, ``3 min 5 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < _SECONDS_PER_MINUTE or math.isinf(seconds):
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), _SECONDS_PER_MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def time_spent(end: End) -> str:
    """Say where the time of a run went."""
    said = f"{duration(end.wall)} in all"
    if end.workers > 0:
        said += (
            f"; the workers took {duration(end.workers)}, of which {duration(end.framework)} inside"
            f" framework calls and {end.harness / end.workers:.0%} waiting for the harness"
        )
    return said


def headline(s: Summary) -> str:
    """Say in a sentence or two whether all is fine, and whether that is the whole answer."""
    said = [f"Shard {s.shard}: {_result(s)}" if s.shard else _result(s)]
    if s.missing:
        said.append(f"{_listed([m.variant for m in s.missing])} could not be run.")
    if s.stale:
        entries, hold = ("entry", "holds") if len(s.stale) == 1 else ("entries", "hold")
        said.append(f"{len(s.stale)} {entries} of the ledger no longer {hold}.")
    if s.done < s.planned:
        ended = "The budget ended the run" if s.out_of_time else "The run ended"
        said.append(f"{ended} after {s.done:,} of {many(s.planned, 'check')}.")
    elif s.interrupted:
        said.append("The run was interrupted.")
    return " ".join(said)


def counted(findings: Mapping[str, int]) -> str:
    """Return ``3 differ, 1 is degraded``."""
    found = {verdict: findings[verdict] for verdict in _COUNTED if verdict in findings}
    return ", ".join(f"{n:,} {_COUNTED[verdict][n != 1]}" for verdict, n in found.items())


def sentence(g: Group) -> str:
    """Say in plain words what is wrong with a group of outcomes; the figures are of its first."""
    like = g.first.diagnosis
    if not like or like == g.model:
        return _found(g)
    if not diagnose.is_named(like):
        return f"{_found(g)} {_UNNAMED[like]}."
    return f"{_found(g)} Diagnosis: {like}."


def brief(g: Group) -> str:
    """Say in a few words what is wrong: the cause where one is named, else what is seen."""
    o = g.first
    seen = o.detail
    if o.worst is not None and o.outside:
        actual, expected = apart(o.worst, short, exact, str)
        seen = f"{actual} where {expected} is right"
    return ": ".join(filter(None, (o.where, g.diagnosis or g.model or seen)))


def _found(g: Group) -> str:
    o = g.first
    where = f" ({o.where})" if o.where else ""
    because = f": {o.detail.rstrip('.')}" if o.detail else ""
    if g.verdict == "differs" and o.worst is not None and o.outside:
        lie = "lies" if o.outside == 1 else "lie"
        actual, expected = apart(o.worst, exact, str)  # nine digits are few for float64
        return (
            f"{o.outside:,} of {many(o.size, 'element')} {lie} outside the bound{where}; the worst"
            f" is {actual} where {expected} is right{because}."
        )
    model = f"the model '{o.model}'" if o.model else "a wider bound"
    plain = {
        "differs": f"A wrong result{where}{because}.",
        "degraded": f"Less precise than its dtype allows{where}{because}; {model} explains it.",
        "raised": f"An exception where a result is due{because}.",
        "crashed": f"The worker process ended{because}.",
        "timed_out": f"No answer within the time limit{because}.",
        "mistrusted": f"Not to be judged, for the data could not have shown an error{because}.",
    }
    return plain.get(g.verdict, f"{word(g.verdict)}{because}.")


def _listed(names: list[str], most: int = 3) -> str:
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _result(s: Summary) -> str:
    total = s.total
    if not total.checked:
        gaps = "; what was asked for is declared as a gap" if s.done and not s.missing else ""
        return f"Nothing was checked{gaps}."
    if total.found:
        needs = "needs" if total.found == 1 else "need"
        of = many(total.checked, "check")
        return f"{total.found:,} of {of} {needs} a look."
    if total.known:
        noun = "divergence" if total.known == 1 else "divergences"
        agrees = f"{total.agrees:,} of {many(total.checked, 'check')} agree"
        return f"{agrees}; {total.known:,} known {noun}."
    return "The one check agrees." if total.checked == 1 else f"All {total.checked:,} checks agree."
