"""A comparison as it is told, whatever the format: warnings, headline, sections, tables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from convergent.backends import naming, registry
from convergent.cases.errors import ConvergentError
from convergent.cases.record import record
from convergent.harness.diff import Diff, Pair
from convergent.harness.diff.classify import Kind
from convergent.harness.diff.confirm import Confirmation
from convergent.harness.outcome import Outcome
from convergent.reports.diff.clusters import ORDER, Cluster, cluster
from convergent.reports.diff.tables import Table, tables
from convergent.reports.wording import many

TITLES: Mapping[Kind, str] = {
    "new": "New: passed before, a finding now",
    "lost": "Lost: there before, not there now",
    "changed": "Changed: passed neither time, for another reason now",
    "known": "Known: diverges now as the ledger of known divergences allows",
    "fixed": "Fixed: agrees now",
    "gained": "Gained: not there before",
}
_COUNTED: tuple[Kind, ...] = ("new", "fixed", "changed", "known", "lost", "gained", "drifted")
_MOST_PAIRS = 4


@record
class Section:
    """The clusters of one kind."""

    kind: Kind
    title: str
    checks: int
    clusters: tuple[Cluster, ...]


@record
class Page:
    """All that is told. ``loud`` comes before everything, ``warnings`` after the headline."""

    diff: Diff
    loud: tuple[str, ...]
    headline: str
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]
    confirmed: Mapping[str, Confirmation]  # by the id of a cluster's first new outcome


def page(diff: Diff, confirmed: Mapping[str, Confirmation] | None = None) -> Page:
    """Return what is told of ``diff``."""
    found = cluster(c for c in diff.changes if c.kind != "drifted")
    sections = [_section(kind, [c for c in found if c.kind == kind]) for kind in ORDER]
    return Page(
        diff=diff,
        loud=loud(diff),
        headline=headline(diff),
        warnings=warnings(diff),
        sections=tuple(section for section in sections if section.clusters),
        tables=tables(diff),
        confirmed=confirmed or {},
    )  # fmt: skip


def loud(diff: Diff) -> tuple[str, ...]:
    """Say where a version was compared with itself, or another was loaded than was asked for."""
    said = [f"NOT COMPARED: {lie}; this comparison says nothing about them" for lie in diff.lies]
    for pair in diff.pairs:
        version, file = pair.identity.old.get("version"), pair.identity.old.get("file")
        if pair.identity.likeness == "same":
            said.append(
                f"SAME VERSION: {_both(pair)} loaded {version} from {file} in the same modes: "
                "a version was compared with itself"
            )
        elif pair.identity.likeness == "same version":
            said.append(
                f"SAME VERSION: {_both(pair)} loaded {version} in the same modes, "
                f"from {file} and {pair.identity.new.get('file')}"
            )
    return tuple(said)


def headline(diff: Diff) -> str:
    """Say in one line which versions were compared and how many checks became what."""
    counts = diff.counts
    told = [f"{counts[kind]:,} {kind}" for kind in _COUNTED if counts[kind]]
    moved = [
        (sum(d.direction == way for d in diff.drifts), f"with errors that {way}")
        for way in ("grew", "fell")
    ] + [(sum(s.direction == way for s in diff.speeds), way) for way in ("slower", "faster")]
    told += [f"{many(n, 'method')} {way}" for n, way in moved if n]
    if told and not counts["new"]:
        told.insert(0, "nothing new diverges")
    if not diff.pairs:
        return "Nothing was compared: the two sides have no variant in common."
    if not diff.checks:
        return f"{versions(diff)}: nothing was compared, no check is in common."
    of = many(diff.checks, "check")
    return f"{versions(diff)}: {', '.join(told) or 'nothing changed'}; {of} compared."


def versions(diff: Diff) -> str:
    """Return ``jax 0.4.38 -> 0.10.2, torch 2.12.0 -> 2.13.0``."""
    shown = [_versions(pair) for pair in diff.pairs[:_MOST_PAIRS]]
    hidden = len(diff.pairs) - _MOST_PAIRS
    return ", ".join([*shown, f"{hidden} more"] if hidden > 0 else shown)


def warnings(diff: Diff) -> tuple[str, ...]:
    """Say what makes the comparison weaker than it looks."""
    said = [f"{name} of the {side} side could not be run: {why}" for side, name, why in diff.errors]
    said += [f"conditions differ, {difference}" for difference in diff.conditions]
    for pair in diff.pairs:
        said += [f"{_both(pair)} differ, {d}" for d in pair.identity.differences]
        if pair.identity.likeness == "unknown":
            said.append(f"{_both(pair)}: a side does not tell which version it loaded")
    for name, side in (("old", diff.old), ("new", diff.new)):
        if side.short:
            said.append(f"the {name} run is not whole: what it did not reach is not compared")
        if side.damaged:
            said.append(f"{many(side.damaged, 'line')} of {side.path} could not be read")
    return (*said, *diff.doubts)


def repro(outcome: Outcome, pair: Pair, side: str) -> str:
    """Return the command that runs a check again by the version that a side loaded."""
    name = pinned(outcome.variant, pair, side)
    return shlex.join(["convergent", "repro", name, outcome.key, outcome.case])


def pinned(variant: str, pair: Pair, side: str) -> str:
    """Return a variant's name with the version it loaded, where the two sides' differ."""
    loaded = pair.identity.old if side == "old" else pair.identity.new
    other = pair.identity.new if side == "old" else pair.identity.old
    version = loaded.get("version", "").partition("+")[0]
    if not version or version == other.get("version", "").partition("+")[0]:
        return variant
    try:
        asked = naming.split(variant)
        if asked.version or asked.python:
            return variant
        backend = registry.get(registry.backend_of(variant)).packages[0]
        name = naming.Name(backend=backend, version=version, modes=asked.modes)
        return registry.variant(str(name)).name
    except ConvergentError:  # what a file from elsewhere may say
        return variant


def pair_of(diff: Diff, found: Cluster) -> Pair:
    """Return the matched pair that a cluster belongs to."""
    return next(p for p in diff.pairs if (p.old, p.new) == (found.old, found.new))


def _both(pair: Pair) -> str:
    return pair.old if pair.old == pair.new else f"{pair.old} and {pair.new}"


def _versions(pair: Pair) -> str:
    before, after = (side.get("version", "?") for side in (pair.identity.old, pair.identity.new))
    names = (registry.plain(pair.old), registry.plain(pair.new))
    if names[0] != names[1]:
        return f"{names[0]} {before} -> {names[1]} {after}"
    return f"{names[0]} {before} -> {after}"


def _section(kind: Kind, found: Sequence[Cluster]) -> Section:
    checks = sum(len(c.changes) for c in found)
    return Section(kind=kind, title=TITLES.get(kind, kind), checks=checks, clusters=tuple(found))
