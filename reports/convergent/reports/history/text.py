"""A history as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from convergent.reports.history.changes import KINDS, Change, changes, drifts
from convergent.reports.history.points import Point, Track
from convergent.reports.wording import many, short

HEAD = ("version", "started", "agree", "known", "findings", "worst", "median")


def lines(tracks: Iterable[Track], runs: Mapping[str, str], most: int) -> Iterator[str]:
    """Yield the history: of each variant a table, its changes and its drifts, ``most`` of each.

    ``runs`` are the files, and what each lacks.
    """
    for track in tracks:
        points, checks = many(len(track.points), "point"), many(len(track.checks), "check")
        yield f"{track.variant}: {points}, {checks}"
        yield from _table([HEAD, *(_row(point) for point in track.points)])
        found = changes(track)
        for kind, meaning in KINDS.items():
            chosen = [change for change in found if change.kind == kind]
            if chosen:
                yield f"  {kind} ({meaning})"
            yield from (f"    {said(track, change)}" for change in chosen[:most])
            if len(chosen) > most:
                yield f"    ... and {len(chosen) - most:,} more; --most shows them"
        for drift in drifts(track)[:most]:
            yield (
                f"  drift {drift.key}: median ratio {short(drift.first)} -> {short(drift.last)}"
                f" ({drift.factor:.2g}x)"
            )
        yield ""
    yield from (f"{file}: {lacks}" for file, lacks in runs.items() if lacks)


def said(track: Track, change: Change) -> str:
    """Return a change in one line."""
    since = track.label(change.since)
    when = f"since {since}"
    if change.before is not None:
        when += f", not yet in {track.label(change.before)}"
    known = " (known)" if change.known else ""
    return f"{change.key} {when}: {many(len(change.cases), 'case')}{known}, as {change.cases[0]}"


def _row(point: Point) -> tuple[str, ...]:
    t = point.total
    return (
        point.version,
        point.started[:16].replace("T", " "),
        f"{t.agrees:,}/{t.checked:,}",
        f"{t.known:,}",
        f"{t.found:,}",
        short(t.worst),
        short(t.median),
    )


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{cell:<{width}}" if n < 2 else f"{cell:>{width}}"  # noqa: PLR2004 - texts, then numbers
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
