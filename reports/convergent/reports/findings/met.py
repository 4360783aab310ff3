"""How often run files have what an entry of the ledger is about: ``met.json``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from convergent.backends import registry
from convergent.cases.errors import InvalidLog
from convergent.harness import aside
from convergent.harness.known.slug import slugs
from convergent.harness.ledger import Entry, Ledger
from convergent.harness.outcome import Number, Outcome, number
from convergent.harness.record import Run
from convergent.reports.groups import magnitude

FILE = "met.json"


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in run files: ``checks`` of its backend's ``of`` that came to it, when, how far off.

    ``first`` and ``last`` are the dates of the runs, ``ratio`` the worst ``error / bound``, if any.
    """

    checks: int
    of: int
    first: str
    last: str
    ratio: Number | None = None


class Meetings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The meetings by the slugs of their entries, and how many runs and checks were read."""

    runs: int = 0
    checks: int = 0
    entries: dict[str, Meeting] = {}


def read(path: Path) -> Meetings:
    """Return what ``path`` holds, nothing if there is no such file. Raises ``InvalidLog``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Meetings)
    except FileNotFoundError:
        return Meetings()
    except OSError as error:
        raise InvalidLog(f"{path} cannot be read: {error.strerror}; give another folder") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidLog(f"{path} tells of no runs: {error}; make it again with --runs") from error


def write(path: Path, found: Meetings) -> None:
    """Write the meetings, whole or not at all."""
    aside.write(path, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def meetings(ledger: Ledger, runs: Iterable[Run]) -> Meetings:
    """Return how often each entry was met in ``runs``, which are read once each."""
    count = _Count(ledger)
    for run in runs:
        count.add(run)
    return count.meetings()


class _Count:
    """What was met so far."""

    def __init__(self, ledger: Ledger) -> None:
        self._by_reason: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
        for slug, entry in zip(slugs(ledger.entries), ledger.entries, strict=True):
            self._by_reason[entry.reason].append((slug, entry))
        self._runs = 0
        self._of: Counter[str] = Counter()
        self._met: Counter[tuple[str, str]] = Counter()
        self._days: dict[str, set[str]] = defaultdict(set)
        self._worst: dict[str, float] = {}

    def add(self, run: Run) -> None:
        """Count what a run has."""
        self._runs += 1
        versions = {n: str(v.loaded.get("version", "")) for n, v in run.variants.items()}
        for outcome in run.outcomes:
            backend = registry.plain(outcome.variant).partition(":")[0]
            self._of[backend] += 1
            slug = _slug(outcome, self._by_reason, versions)
            if slug:
                self._met[slug, backend] += 1
                self._days[slug].add(run.header.started[:10])
                self._worst[slug] = max(self._worst.get(slug, 0.0), magnitude(outcome.ratio) or 0.0)

    def meetings(self) -> Meetings:
        """Return what was counted."""
        found = {
            slug: Meeting(
                checks=count,
                of=self._of[backend],
                first=min(self._days[slug]),
                last=max(self._days[slug]),
                ratio=number(self._worst[slug]) if self._worst[slug] else None,
            )
            for (slug, backend), count in sorted(self._met.items())
        }
        return Meetings(runs=self._runs, checks=self._of.total(), entries=found)


def _slug(
    outcome: Outcome, by_reason: dict[str, list[tuple[str, Entry]]], versions: dict[str, str]
) -> str:
    """Return the slug of the entry that a run excused an outcome by, if this ledger has it."""
    if not outcome.known:
        return ""
    reason = outcome.known.rpartition(" (")[0]  # its issue may have been found since
    version = versions.get(outcome.variant, "")
    for slug, entry in by_reason.get(reason, []):
        if entry.covers(outcome, version) and entry.allows(outcome):
            return slug
    return ""
