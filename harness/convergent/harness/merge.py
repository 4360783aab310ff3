"""Several run files of one plan as one: shards, variants run apart, parts that overlap.

What plans have in common is told by each variant's digest in the header: files merge if they are of
the same suite, seed and version, and no variant was planned or loaded in two ways. A check that
several files have is kept once, the worse outcome where they differ. A few hundred bytes per
check are held in memory: the files are read twice.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from convergent.cases.errors import RunFileDamaged
from convergent.harness import record, salvage
from convergent.harness.outcome import VERDICTS, Outcome
from convergent.harness.parts import Part, combine, ending, missing
from convergent.harness.record import End, Header, Loaded
from convergent.harness.run import RUN_FILE, Result, put_aside, sole_use
from convergent.harness.salvage import Damage
from convergent.harness.spoils import Arrays

MOST_TOLD = 20  # checks that came out differently, by name
_SEVERITY = {
    verdict: place
    for place, verdict in enumerate(
        ("unsupported", "agrees", "mistrusted", "degraded", "raised", "timed_out", "crashed",
         "differs")
    )
}  # fmt: skip
assert set(_SEVERITY) == set(VERDICTS)


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What merging came to: the run as read back, and what a person should know of it.

    ``differing`` names some of the ``apart`` checks that came out differently in two files,
    ``missing`` says what no file has.
    """

    result: Result
    apart: int
    differing: tuple[str, ...]
    missing: tuple[str, ...]


class _Place(NamedTuple):
    """Where the outcome of a check stands, and how bad it is."""

    part: int
    offset: int
    weight: tuple[int, bool, float, str]


class _Index:
    """Where each check is kept, and which came out differently."""

    def __init__(self) -> None:
        self.places: dict[bytes, _Place] = {}
        self.counts: Counter[str] = Counter()
        self.apart = 0
        self.differing: list[str] = []

    def add(self, name: bytes, outcome: Outcome, place: _Place) -> None:
        """Keep the worse one; of two in the same file the later, as ``record.read`` does."""
        before = self.places.get(name)
        if before is None:
            self.counts[outcome.variant] += 1
        elif before.part != place.part:
            if before.weight[0] != place.weight[0]:
                self.apart += 1
                if len(self.differing) < MOST_TOLD:
                    self.differing.append(outcome.id)
            if before.weight >= place.weight:
                return
        self.places[name] = place

    def of(self, part: int) -> Iterator[int]:
        """Yield where the checks begin that are taken from a part."""
        return (place.offset for place in self.places.values() if place.part == part)


def merge(
    paths: Sequence[Path],
    folder: Path,
    argv: Sequence[str] = (),
    report: Callable[[Damage], None] = lambda _: None,
) -> Merged:
    """Merge run files (or their folders) into ``folder/run.jsonl``, whole or not at all.

    ``report`` is given every line that cannot be used. Raises ``RunFileDamaged`` for files that do
    not belong together, naming both, and for one without a header.
    """
    index = _Index()
    files = found(paths)
    parts = [_part(number, path, index, report) for number, path in enumerate(files)]
    header = combine(parts, argv)
    end = ending(parts, header, index.counts)
    with sole_use(folder):
        _write(folder, parts, index, header, end)
        read = record.read(folder / RUN_FILE)
    return Merged(
        result=Result(run=read),
        apart=index.apart,
        differing=tuple(index.differing),
        missing=missing(parts, header, index.counts),
    )


def found(paths: Sequence[Path]) -> list[Path]:
    """Return the run files among ``paths``: files, their folders, or folders of such folders."""
    files: list[Path] = []
    for path in paths:
        inside = sorted(path.glob(f"*/{RUN_FILE}")) if path.is_dir() else []
        own = path / RUN_FILE if path.is_dir() else path
        if own.exists() or not inside:
            files.append(own)
        else:
            files += inside
    return list({file.resolve(): file for file in files}.values())


def _part(number: int, path: Path, index: _Index, report: Callable[[Damage], None]) -> Part:
    """Read a file for the first time: what it is of, and where its checks stand."""
    part, own = Part(path), dict[bytes, tuple[Outcome, _Place]]()
    for each in salvage.lines(path):
        if isinstance(each, Damage):
            report(each)
        elif not isinstance(each.line, Outcome):
            part.take(each.line)
        elif each.line.variant not in part.variants:
            why = f"a check of {each.line.variant}, which no header before it names"
            report(Damage(path, each.number, why))
        else:
            bare = Outcome(variant=each.line.variant, op=each.line.op, method=each.line.method,
                           case=each.line.case, verdict=each.line.verdict)  # fmt: skip
            own[_name(each.line)] = bare, _Place(number, each.offset, _weight(each.line))
    part.checked()
    part.done = len(own)
    for name, (outcome, place) in own.items():
        index.add(name, outcome, place)
    return part


def _write(folder: Path, parts: Sequence[Part], index: _Index, header: Header, end: End) -> None:
    path = folder / RUN_FILE
    for left in folder.glob(f".{RUN_FILE}.*"):  # of a merge that was killed; the folder is ours
        left.unlink()
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{RUN_FILE}.")
    aside, arrays = Path(name), Arrays(folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for line in (header, *_loaded(parts, header, index.counts)):
                file.write(record.encoded(line) + b"\n")
            for number, part in enumerate(parts):
                for outcome, text in _kept(part.path, index, number):
                    file.write(text + b"\n")
                    arrays.want(outcome, part.path.parent)
            file.write(record.encoded(end) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        arrays.copy()
        aside.chmod(0o644)
        if path.exists() and not any(part.path.samefile(path) for part in parts):
            put_aside(path)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _kept(path: Path, index: _Index, number: int) -> Iterator[tuple[Outcome, bytes]]:
    """Yield the checks that are taken from a file, read for the second time."""
    decoder = msgspec.json.Decoder(record.Line)
    with path.open("rb") as file:
        for offset in index.of(number):
            text = salvage.at(file, offset)
            try:
                outcome = decoder.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError):
                outcome = None
            if not isinstance(outcome, Outcome) or _name(outcome) not in index.places:
                raise RunFileDamaged(f"{path} changed while it was read; merge again")
            yield outcome, text


def _loaded(parts: Sequence[Part], header: Header, counts: Counter[str]) -> Iterator[Loaded]:
    """Yield what each variant loaded; an error is forgotten once all its checks were made up."""
    for name in header.variants:
        said = [part.loaded[name] for part in parts if name in part.loaded]
        loaded = next((one.loaded for one in said if one.loaded), {})
        whole = counts[name] >= header.wholes[name].checks
        error = "" if whole else next((one.error for one in said if one.error), "")
        if said:
            yield Loaded(name=name, loaded=loaded, error=error)


def _name(outcome: Outcome) -> bytes:
    return hashlib.blake2b(outcome.id.encode("utf-8", "replace"), digest_size=12).digest()


def _weight(outcome: Outcome) -> tuple[int, bool, float, str]:
    """Return how bad an outcome is, so that the order of the files does not matter."""
    ratio = -1.0 if outcome.ratio is None else float(outcome.ratio)
    ratio = math.inf if math.isnan(ratio) else ratio
    return _SEVERITY[outcome.verdict], not outcome.known, ratio, outcome.digest
