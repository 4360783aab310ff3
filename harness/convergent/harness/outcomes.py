"""The outcomes of a run file as a sequence that is read from it anew each time: none is kept.

A run of 100,000 checks takes 100 MB as objects and 0.8 MB as places in its file.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import msgspec

from convergent.harness.outcome import Outcome

_AHEAD = 1 << 20  # bytes that are read at once


class Places:
    """Where each check's last line begins in a file, in the order of their first ones."""

    def __init__(self) -> None:
        self._found: dict[bytes, int] = {}

    def add(self, outcome: Outcome, place: int) -> None:
        """Note that the line at byte ``place`` is of ``outcome``: it replaces an earlier one."""
        name = hashlib.blake2b(outcome.id.encode("utf-8", "replace"), digest_size=12)
        self._found[name.digest()] = place

    def outcomes(self, path: Path) -> Outcomes:
        """Return the outcomes of ``path`` at these places."""
        return Outcomes(path, array("q", self._found.values()))


class Outcomes(Sequence[Outcome]):
    """Outcomes at ``places`` of the file ``path``, which stays open: it may be renamed or grow."""

    def __init__(self, path: Path, places: array[int]) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)
        self._places = places
        self._decoder = msgspec.json.Decoder(Outcome)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Outcome]:
        start, held = 0, b""
        for place in self._places:
            end = held.find(b"\n", place - start) if start <= place < start + len(held) else -1
            if end < 0:
                start, held = place, self._read(place)
                end = held.index(b"\n")
            yield self._decoder.decode(held[place - start : end])

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> list[Outcome]: ...
    def __getitem__(self, index: int | slice) -> Outcome | list[Outcome]:
        """Return one outcome, or a list of some."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        held = self._read(self._places[index])
        return self._decoder.decode(held[: held.index(b"\n")])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def _read(self, place: int) -> bytes:
        """Return what follows ``place``, at least to the end of its line."""
        held = os.pread(self._file, _AHEAD, place)
        while b"\n" not in held:
            more = os.pread(self._file, _AHEAD, place + len(held))
            if not more:
                return held + b"\n"  # the last line of a file that ends without one
            held += more
        return held
