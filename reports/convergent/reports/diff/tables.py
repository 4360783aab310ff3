"""The tables of a comparison: what drifted, what is slower or faster, what one side alone has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from convergent.cases.record import record
from convergent.harness.diff import Diff, Lone
from convergent.reports.wording import many, short

_MOST_METHODS = 3


@record
class Table:
    """A table, its first column names, the others figures or words; ``notes`` stand below it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    of_words: bool = False


def tables(diff: Diff) -> tuple[Table, ...]:
    """Return the tables of ``diff`` that have something to say."""
    found = (_drifts(diff), _speeds(diff), _lone(diff))
    return tuple(table for table in found if table.rows or table.notes)


def _name(diff: Diff, old: str, new: str, key: str) -> str:
    """Return what a row is of; a single pair stands above all tables."""
    if len(diff.pairs) == 1:
        return key
    return f"{old if old == new else f'{old} -> {new}'} {key}"


def _drifts(diff: Diff) -> Table:
    rows = [
        (
            _name(diff, d.old, d.new, d.key),
            f"{d.changed:,}/{d.checks:,}",
            f"{short(d.worst[0])} -> {short(d.worst[1])}",
            f"x{d.factor:.2f}" if d.pairs else "-",
            "-" if d.p is None else f"{d.p:.2g}",
            d.direction or ("" if d.p is not None else "too few to test"),
        )
        for d in diff.drifts
    ]
    heads = ("method", "bits differ", "worst ratio", "errors", "p", "")
    return Table(title="Drifted: agrees both times, other bits", heads=heads, rows=tuple(rows))


def _speeds(diff: Diff) -> Table:
    rows = [
        (
            _name(diff, s.old, s.new, s.key),
            f"{s.pairs:,}",
            f"{short(s.before * 1000)} -> {short(s.after * 1000)} ms",
            f"x{s.factor:.2f}",
            f"{s.p:.2g}",
            s.direction,
        )
        for s in diff.speeds
        if s.direction
    ]
    notes = [
        f"{_name(diff, p.old, p.new, 'as a whole')}: a call takes x{p.factor:.2f} of the time "
        f"before (median of {many(p.cases, 'case')}; the machine or the framework, two runs "
        f"cannot tell); first calls {p.first[0]:.3g} s -> {p.first[1]:.3g} s"
        for p in diff.paces
        if p.factor is not None
    ]
    if rows and any(p.factor is None for p in diff.paces):
        notes.append("too few methods to tell the machine's pace from theirs")
    heads = ("method", "cases", "median time", "beside others", "p", "")
    title = "Slower or faster than the other methods"
    return Table(title=title, heads=heads, rows=tuple(rows), notes=tuple(notes))


def _lone(diff: Diff) -> Table:
    """Return a row for each variant and reason; methods are named where they are few."""
    found: defaultdict[tuple[str, str, str], list[Lone]] = defaultdict(list)
    for lone in diff.lone:
        found[lone.variant, lone.side, lone.reason].append(lone)
    rows = [
        (variant, side, _methods(alone), f"{sum(x.count for x in alone):,}", why)
        for (variant, side, why), alone in found.items()
    ]
    heads = ("variant", "only in", "methods", "checks", "why")
    return Table(title="Only in one", heads=heads, rows=tuple(rows), of_words=True)


def _methods(alone: Sequence[Lone]) -> str:
    keys = [lone.key for lone in alone if lone.key]
    if not keys:
        return "all"
    hidden = len(keys) - _MOST_METHODS
    shown = ", ".join(keys[:_MOST_METHODS])
    return f"{shown} and {hidden} more" if hidden > 0 else shown
