"""The run file: append-only JSON lines that survive a kill at any byte.

The lines, each tagged by ``type``: one ``run`` (what was asked for), a ``variant`` each time a
worker has loaded its framework, a ``check`` per outcome, and an ``end``. A line that a kill cut
short is the last one and is dropped when the run is resumed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from convergent.cases.errors import CannotRecord, RunFileDamaged
from convergent.harness.outcome import Outcome
from convergent.harness.outcomes import Places

SCHEMA = 1


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run has to do by one variant, whichever part of it a file holds."""

    digest: str
    checks: int


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """What was asked for, and where: the first line of a run file."""

    schema: int = SCHEMA
    version: str  # of this tool
    started: str  # ISO 8601, UTC
    argv: list[str]
    suite: str
    seed: int
    variants: list[str]
    cases: int
    checks: int  # planned
    plan: str  # digest of the planned check ids: what a resumed run must match
    environment: dict[str, Any]
    shard: str = ""  # "2/4": the part of the whole that was planned
    wholes: dict[str, Whole] = {}  # by variant; none in a fuzz

    @property
    def whole(self) -> str:
        """The digest of the whole plan: that of a run without shards."""
        return combined({name: whole.digest for name, whole in self.wholes.items()})


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="variant"):
    """A variant that loaded, as its worker described it; or why it could not be run."""

    name: str
    loaded: dict[str, Any] = {}
    error: str = ""


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """How a run ended and where its time went, in seconds."""

    finished: str
    wall: float
    workers: float  # all variants' wall time added, without starting up
    harness: float  # of which their workers had to wait for the harness
    framework: float  # of which inside framework calls
    interrupted: bool = False
    out_of_time: bool = False  # the budget ended it before all was done
    stale: tuple[str, ...] = ()  # ledger entries that no longer hold


Line = Header | Loaded | Outcome | End


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run file as read: later lines win where a check was recorded twice."""

    path: str
    header: Header
    variants: dict[str, Loaded]
    outcomes: Sequence[Outcome]
    end: End | None = None
    damaged: int = 0


def combined(digests: Mapping[str, str]) -> str:
    """Return the digest of a plan that has these digests of its variants, in whatever order."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.blake2b(lines.encode("utf-8", "replace"), digest_size=8).hexdigest()


def read(path: Path) -> Run:
    """Read a run file; a last line cut short by a kill counts as ``damaged``, not as an error.

    Raises ``RunFileDamaged`` if the file is missing, has no header or is of another schema.
    """
    header: Header | None = None
    variants: dict[str, Loaded] = {}
    places = Places()
    end: End | None = None
    damaged = 0
    for place, line in _lines(path):
        if isinstance(line, Header):
            header = line
        elif isinstance(line, Loaded):
            variants[line.name] = _merged(variants.get(line.name), line)
        elif isinstance(line, Outcome):
            places.add(line, place)
        elif isinstance(line, End):
            end = line
        else:
            damaged += 1
    if header is None:
        raise RunFileDamaged(f"{path} has no header line; it is no run file, or not of this schema")
    outcomes = places.outcomes(path)
    if len(outcomes) == header.checks:  # what failed once was made up for
        variants = {n: msgspec.structs.replace(v, error="") for n, v in variants.items()}
    if header.schema != SCHEMA:
        raise RunFileDamaged(f"{path} has schema {header.schema}, this version reads {SCHEMA}")
    return Run(
        path=str(path),
        header=header,
        variants=variants,
        outcomes=outcomes,
        end=end,
        damaged=damaged,
    )


def see_regular(path: Path) -> None:
    """Raise ``RunFileDamaged`` for a pipe or a device: a run is read more than once."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise RunFileDamaged(
            f"{path} is no regular file, and a run is read twice; write it to a file first"
        )


def _merged(before: Loaded | None, now: Loaded) -> Loaded:
    """Keep an error beside what loaded: one worker's good start is no excuse for another's."""
    if before is None:
        return now
    return Loaded(
        name=now.name, loaded=now.loaded or before.loaded, error=now.error or before.error
    )


def _lines(path: Path) -> Iterator[tuple[int, Line | None]]:
    """Yield the byte at which each line begins, and what it says."""
    see_regular(path)
    decoder, place = msgspec.json.Decoder(Line), 0
    try:
        with path.open("rb") as file:
            for text in file:
                try:
                    yield place, decoder.decode(text)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    yield place, None
                place += len(text)
    except OSError as error:
        raise RunFileDamaged(f"{path} cannot be read: {error.strerror}") from error


class Writer:
    """Appends lines to a run file, each whole: one ``write`` per line, flushed to the system."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        cut_partial_line(path)
        self._path = path
        self._file: BinaryIO = path.open("ab", buffering=0)

    def write(self, line: Line) -> None:
        """Append one line. It is in the system's hands when this returns: a kill loses nothing.

        Raises ``CannotRecord`` where the disk takes no more; what it took of the line is cut off.
        """
        waiting = memoryview(encoded(line) + b"\n")
        whole = self._file.tell()
        try:
            while waiting:  # a disk that is nearly full takes a part of it
                waiting = waiting[self._file.write(waiting) :]
        except OSError as error:
            self._file.truncate(whole)
            raise CannotRecord(
                f"{self._path} cannot be written to: {error.strerror}; what was recorded is whole: "
                "make room and go on with --resume"
            ) from error

    def close(self) -> None:
        """Put the file on the disk and close it."""
        with contextlib.suppress(OSError):  # of a full disk has been told; a pipe has none
            os.fsync(self._file.fileno())
        self._file.close()


def encoded(line: msgspec.Struct) -> bytes:
    """Return ``line`` as JSON on one line, whatever bytes its text came from."""
    try:
        return msgspec.json.encode(line)
    except UnicodeEncodeError:  # undecodable bytes of an argument, a path or a message
        return json.dumps(_printable(msgspec.to_builtins(line))).encode()


def _printable(value: Any) -> Any:
    """Return ``value`` with lone surrogates written out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return value


def is_cut_in_header(path: Path) -> bool:
    """Say whether a kill left nothing but a part of the first line of a run file."""
    start = path.read_bytes()[: 1 << 20]
    return not start or (b"\n" not in start and start.startswith(b'{"type":"run"'))


def cut_partial_line(path: Path) -> None:
    """Drop a last line that a kill or a full disk cut short."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
