"""Whether run files belong together, what they are together, and what is missing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convergent.cases.errors import InvalidShard, RunFileDamaged
from convergent.harness.outcome import Outcome
from convergent.harness.record import End, Header, Line, Loaded, Whole, combined
from convergent.harness.session import now
from convergent.harness.shard import Shard

_LOADED = ("version", "python", "numpy")
MOST_NAMED = 20  # shards
_HEADERS = {"version": "convergent", "suite": "suite", "seed": "seed", "cases": "number of cases"}


class Part:
    """One run file: its headers (of files put one behind the other, several) and what loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.headers: list[Header] = []
        self.loaded: dict[str, Loaded] = {}
        self.ends: list[End] = []
        self.done = 0  # checks

    @property
    def variants(self) -> set[str]:
        """The variants that this file is of."""
        return {name for header in self.headers for name in header.wholes}

    @property
    def is_short(self) -> bool:
        """Whether checks are missing that no budget left out."""
        planned = sum(header.checks for header in self.headers)
        left_out = bool(self.ends) and self.ends[-1].out_of_time
        return self.done < planned and not left_out

    def take(self, line: Line) -> None:
        """Take a line that is no check."""
        if isinstance(line, Header):
            self.headers.append(line)
        elif isinstance(line, End):
            self.ends.append(line)
        elif not isinstance(line, Outcome):
            before = self.loaded.get(line.name)
            if before is not None and before.loaded and line.loaded:
                _same_framework(self.path, before, self.path, line)
            loaded = line.loaded or (before.loaded if before else {})
            error = line.error or (before.error if before else "")
            self.loaded[line.name] = Loaded(name=line.name, loaded=loaded, error=error)

    def checked(self) -> None:
        """Raise ``RunFileDamaged`` for a file that cannot be merged with any."""
        if not self.headers:
            raise RunFileDamaged(
                f"{self.path} has no header line, so that nobody knows what its checks are of; "
                "run that part again, or leave the file out"
            )
        if not all(header.wholes for header in self.headers):
            raise RunFileDamaged(
                f"{self.path} does not say which plan it is a part of: it is a fuzz, or older than "
                "shards; run it again"
            )


def combine(parts: Sequence[Part], argv: Sequence[str]) -> Header:
    """Return the header of all parts together. Raises ``RunFileDamaged`` if they do not fit."""
    wholes: dict[str, Whole] = {}
    owners: dict[str, Part] = {}
    first = parts[0].headers[0]
    for part in parts:
        for header in part.headers:
            _same_run(parts[0].path, first, part.path, header)
            for name, whole in header.wholes.items():
                if wholes.setdefault(name, whole) != whole:
                    raise RunFileDamaged(
                        f"{part.path} and {owners[name].path} planned other checks of {name}: "
                        "merge shards of one command"
                    )
                owners.setdefault(name, part)
        _same_loaded(parts, part)
    every = [header for part in parts for header in part.headers]
    return Header(
        version=first.version,
        started=min(header.started for header in every),
        argv=list(argv),
        suite=first.suite,
        seed=first.seed,
        variants=list(wholes),
        cases=first.cases,
        checks=sum(whole.checks for whole in wholes.values()),
        plan=combined({name: whole.digest for name, whole in wholes.items()}),
        environment=_together([header.environment for header in every]),
        wholes=wholes,
    )


def ending(parts: Sequence[Part], header: Header, counts: Mapping[str, int]) -> End:
    """Return the end of all parts together; the times are sums."""
    ends = [part.ends[-1] for part in parts if part.ends]
    short = any(part.is_short for part in parts) or _absent(parts, header, counts)
    return End(
        finished=max((end.finished for end in ends), default=now()),
        wall=sum(end.wall for end in ends),
        workers=sum(end.workers for end in ends),
        harness=sum(end.harness for end in ends),
        framework=sum(end.framework for end in ends),
        out_of_time=any(end.out_of_time for end in ends) and not short,
        stale=tuple(dict.fromkeys(line for end in ends for line in end.stale)),
    )


def missing(parts: Sequence[Part], header: Header, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Say for each variant how many checks are missing, and which shards."""
    said, absent = [], _absent(parts, header, counts)
    for name, whole in header.wholes.items():
        lacking = whole.checks - counts[name]
        shards = ", ".join(absent.get(name, ())[:MOST_NAMED])
        if lacking > 0:
            none = f"; no file is its shard {shards}" if shards else ""
            said.append(f"{name}: {lacking:,} of {whole.checks:,} checks are missing{none}")
        elif lacking:
            said.append(f"{name}: {-lacking:,} checks more than were planned; a file is damaged")
    return tuple(said)


def _absent(
    parts: Sequence[Part], header: Header, counts: Mapping[str, int]
) -> dict[str, list[str]]:
    """Return the shards that no file is of, by variant, where all are shards of as many."""
    found: dict[str, list[str]] = {}
    for name, whole in header.wholes.items():
        shards = {h.shard for part in parts for h in part.headers if name in h.wholes}
        counted = {shard.partition("/")[2] for shard in shards}
        if counts[name] < whole.checks and len(counted) == 1 and counted != {""}:
            every = _every(min(counted))
            if lacking := [shard for shard in every if shard not in shards]:
                found[name] = lacking
    return found


def _every(count: str) -> list[str]:
    """Return all shards of ``count``; none if that is no number that shards have."""
    try:
        last = Shard.parse(f"{count}/{count}")
    except InvalidShard:  # a run file may come from anywhere
        return []
    return [str(Shard(index=i, count=last.count)) for i in range(1, last.count + 1)]


def _same_run(path: Path, header: Header, other_path: Path, other: Header) -> None:
    for field, word in _HEADERS.items():
        one, two = getattr(header, field), getattr(other, field)
        if one != two:
            raise RunFileDamaged(
                f"{path} and {other_path} do not belong together: {word} {one} and {two}"
            )


def _same_loaded(parts: Sequence[Part], part: Part) -> None:
    for before in parts[: parts.index(part)]:
        for name in before.loaded.keys() & part.loaded.keys():
            _same_framework(before.path, before.loaded[name], part.path, part.loaded[name])


def _same_framework(path: Path, loaded: Loaded, other_path: Path, other: Loaded) -> None:
    for word in _LOADED:
        one, two = loaded.loaded.get(word), other.loaded.get(word)
        if one and two and one != two:
            where = "" if path == other_path else f" and {other_path}"
            raise RunFileDamaged(
                f"{path}{where}: {loaded.name} was run with {word} {one} and {two}; "
                "what each found is not one result (convergent diff compares them)"
            )


def _together(environments: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the machines have in common; of what differs, all values."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in environments for name in each):
        values = [each[name] for each in environments if name in each]
        if all(isinstance(value, dict) for value in values):
            found[name] = _together(values)
        else:
            different = [v for i, v in enumerate(values) if v not in values[:i]]
            found[name] = different[0] if len(different) == 1 else different
    return found
