"""The run file: append-only JSON lines that survive a kill at any byte.

The lines, each tagged by ``type``: one ``run`` (what was asked for), a ``variant`` each time a
worker has loaded its framework, a ``check`` per outcome, and an ``end``. A line that a kill cut
short is the last one and is dropped when the run is resumed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from convergent.cases.errors import RunFileDamaged
from convergent.harness.outcome import Outcome

SCHEMA = 1


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


class Variant(msgspec.Struct, frozen=True, kw_only=True, tag="variant"):
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
    stale: tuple[str, ...] = ()  # ledger entries that no longer hold


Line = Header | Variant | Outcome | End


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run file as read: later lines win where a check was recorded twice."""

    path: str
    header: Header
    variants: dict[str, Variant]
    outcomes: list[Outcome]
    end: End | None = None
    damaged: int = 0


def read(path: Path) -> Run:
    """Read a run file; a last line cut short by a kill counts as ``damaged``, not as an error.

    Raises ``RunFileDamaged`` if the file is missing, has no header or is of another schema.
    """
    header: Header | None = None
    variants: dict[str, Variant] = {}
    outcomes: dict[str, Outcome] = {}
    end: End | None = None
    damaged = 0
    for line in _lines(path):
        if isinstance(line, Header):
            header = line
        elif isinstance(line, Variant):
            variants[line.name] = line
        elif isinstance(line, Outcome):
            outcomes[line.id] = line
        elif isinstance(line, End):
            end = line
        else:
            damaged += 1
    if header is None:
        raise RunFileDamaged(f"{path} has no header line; it is no run file, or not of this schema")
    if header.schema != SCHEMA:
        raise RunFileDamaged(f"{path} has schema {header.schema}, this version reads {SCHEMA}")
    return Run(
        path=str(path),
        header=header,
        variants=variants,
        outcomes=list(outcomes.values()),
        end=end,
        damaged=damaged,
    )


def _lines(path: Path) -> Iterator[Line | None]:
    decoder = msgspec.json.Decoder(Line)
    try:
        with path.open("rb") as file:
            for text in file:
                try:
                    yield decoder.decode(text)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    yield None
    except OSError as error:
        raise RunFileDamaged(f"{path} cannot be read: {error.strerror}") from error


class Writer:
    """Appends lines to a run file, each whole: one ``write`` per line, flushed to the system."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        cut_partial_line(path)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._encode = msgspec.json.Encoder().encode

    def write(self, line: Line) -> None:
        """Append one line. It is in the system's hands when this returns: a kill loses nothing."""
        self._file.write(self._encode(line) + b"\n")

    def close(self) -> None:
        """Put the file on the disk and close it."""
        os.fsync(self._file.fileno())
        self._file.close()


def cut_partial_line(path: Path) -> None:
    """Drop a last line that a kill or a full disk cut short."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
