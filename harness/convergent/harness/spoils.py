"""Wrong results beside a run file: arrays by the digest of their bits, few and small."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np

from convergent.cases.dtypes import Array
from convergent.harness import aside
from convergent.harness.outcome import Outcome

FOLDER = "arrays"
MOST = 100
EACH = 2
"""Arrays of one variant, op, method and verdict: a frequent finding leaves room for the others."""
LARGEST = 4 << 20  # bytes of an array
_HEAD = 4096  # of a file, at most
_DIGEST = re.compile(r"[0-9a-f]{8,128}")


class Arrays:
    """The arrays of a run's folder; of another run's, those that are wanted and safe to take."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._kept: set[str] = set()
        self._wanted: dict[str, Path] = {}
        self._each: Counter[tuple[str, str, str, str]] = Counter()

    def keep(self, outcome: Outcome, array: Array | None) -> None:
        """Keep a wrong result; the inputs are remade from the case."""
        if array is None or array.nbytes > LARGEST or not self._room(outcome, self._kept):
            return
        self._kept.add(outcome.digest)
        whole = io.BytesIO()
        np.save(whole, array, allow_pickle=False)
        with contextlib.suppress(OSError):  # of a full disk the run file tells
            aside.write(self._folder / f"{outcome.digest}.npy", whole.getvalue())

    def want(self, outcome: Outcome, folder: Path) -> None:
        """Take the array of a finding that was kept in the run ``folder``, if there is one."""
        digest = outcome.digest
        if not outcome.is_finding or not _DIGEST.fullmatch(digest):
            return
        there = (folder / FOLDER / f"{digest}.npy").exists()
        if digest not in self._wanted and there and self._room(outcome, self._wanted):
            self._wanted[digest] = folder

    def _room(self, outcome: Outcome, held: Collection[str]) -> bool:
        """Say whether this outcome's array is to be held, and count it if it is."""
        what = (outcome.variant, outcome.op, outcome.method, outcome.verdict)
        if outcome.digest in held or len(held) >= MOST or self._each[what] >= EACH:
            return False
        self._each[what] += 1
        return True

    def copy(self) -> None:
        """Copy what is wanted, each file whole or not at all."""
        for digest, folder in self._wanted.items():
            content = stored(folder, digest)
            if content and not (self._folder / f"{digest}.npy").exists():
                aside.write(self._folder / f"{digest}.npy", content)


def stored(folder: Path, digest: str) -> bytes:
    """Return the file of an array beside a run: nothing of a link, of no plain file, or too large.

    Neither the folder nor the digest need be this project's own.
    """
    if not _DIGEST.fullmatch(digest):
        return b""
    path = folder / FOLDER / f"{digest}.npy"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST + _HEAD:
                return b""
            return file.read(LARGEST + _HEAD)
    except OSError:
        return b""
