"""A history as one HTML file that needs no network and no script."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from importlib import resources

from convergent.cases.record import record
from convergent.reports import wording
from convergent.reports.history.changes import KINDS, Change, changes, drifts
from convergent.reports.history.points import Point, Tally, Track
from convergent.reports.history.text import said
from convergent.reports.html import part, policy

MOST = 60
"""Changes of a kind, and methods that are drawn, for each variant."""
WIDTH, HEIGHT, DECADES = 240, 64, 4


@record
class Dot:
    """A point of a method as it is drawn; ``y`` is its worst error ratio, the limit is half-way."""

    x: float
    y: float
    bad: bool
    asked: int  # alike where the checks were
    label: str


@record
class Small:
    """A method's small multiple: dots, and lines between neighbours of the same checks."""

    key: str
    dots: tuple[Dot, ...]

    @property
    def lines(self) -> list[tuple[Dot, Dot]]:
        """The ends of each line."""
        return [(a, b) for a, b in itertools.pairwise(self.dots) if a.asked == b.asked]


def document(tracks: Sequence[Track], runs: Mapping[str, str]) -> str:
    """Return the history as one page; ``runs`` are the files, and what each lacks."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    env = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters |= {"many": wording.many, "short": wording.short}
    own = resources.files("convergent.reports.history")
    style = part("report.css") + own.joinpath("history.css").read_text("utf-8")
    found = [(track, changes(track)) for track in tracks]
    broken = [change for _, all_ in found for change in all_ if change.kind == "broke"]
    return env.from_string(own.joinpath("template.html.j2").read_text("utf-8")).render(
        found=found,
        headline=headline(broken, len(runs)),
        tone="good" if all(change.known for change in broken) else "bad",
        runs=runs,
        kinds=KINDS,
        most=MOST,
        said=said,
        drifts=drifts,
        smalls=smalls,
        size=(WIDTH, HEIGHT),
        style=Markup(style),  # noqa: S704 - files of this package
        policy=policy(style),
    )


def headline(broken: Sequence[Change], runs: int) -> str:
    """Say in a sentence whether something broke."""
    over = f"over {wording.many(runs, 'run')}"
    count = sum(len(change.cases) for change in broken)
    if not count:
        return f"Nothing that once agreed broke {over}."
    do = "do" if count > 1 else "does"
    known = sum(len(change.cases) for change in broken if change.known)
    of = "" if not known else "; all known" if known == count else f"; {known:,} known"
    return f"{wording.many(count, 'check')} that once agreed no longer {do}, {over}{of}."


def smalls(track: Track, found: Sequence[Change]) -> list[Small]:
    """Return the methods to draw: those that changed, then those with the largest ratios."""
    changed = list(dict.fromkeys(change.key for change in found if change.kind != "always"))
    worst = {
        key: max(_level(p.methods[key]) for p in track.points if key in p.methods)
        for key in {key: None for point in track.points for key in point.methods}
    }
    rest = sorted(worst.keys() - set(changed), key=lambda key: (-worst[key], key))
    return [_small(track, key) for key in [*changed, *rest][:MOST]]


def _small(track: Track, key: str) -> Small:
    step = WIDTH / max(1, len(track.points))
    dots = []
    for number, point in enumerate(track.points):
        tally = point.methods.get(key)
        if tally is not None:
            dots.append(
                Dot(
                    x=(number + 0.5) * step,
                    y=HEIGHT / 2 - _level(tally) * (HEIGHT / 2 - 5) / DECADES,
                    bad=tally.found > 0,
                    asked=tally.asked,
                    label=_label(track, point, tally),
                )
            )
    return Small(key=key, dots=tuple(dots))


def _level(tally: Tally) -> float:
    """Return the worst ratio in decades from the limit, cut to what is drawn.

    Without a ratio, as of what raised, it is as bad as can be, or as good where all agree.
    """
    ratio = tally.worst
    if ratio is None:
        return DECADES if tally.agrees < tally.checked else -DECADES
    return -DECADES if ratio <= 0 else max(-DECADES, min(DECADES, _decades(ratio)))


def _decades(ratio: float) -> float:
    return math.log10(ratio) if math.isfinite(ratio) else math.inf


def _label(track: Track, point: Point, tally: Tally) -> str:
    worst = wording.short(tally.worst)
    return f"{track.label(point)}: {tally.agrees} of {tally.checked} agree, worst ratio {worst}"
