"""Wrong results beside a run file: arrays by the digest of their bits, few and small."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
from pathlib import Path

import numpy as np

from convergent.cases.dtypes import Array
from convergent.harness import aside
from convergent.harness.outcome import Outcome

FOLDER = "arrays"
MOST = 50
LARGEST = 4 << 20  # bytes of an array
_HEAD = 4096  # of a file, at most
_DIGEST = re.compile(r"[0-9a-f]{8,128}")


class Arrays:
    """The arrays of a run's folder; of another run's, those that are wanted and safe to take."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._kept = 0
        self._wanted: dict[str, Path] = {}

    def keep(self, outcome: Outcome, array: Array | None) -> None:
        """Keep a wrong result; the inputs are remade from the case."""
        if array is None or self._kept >= MOST or array.nbytes > LARGEST:
            return
        self._kept += 1
        whole = io.BytesIO()
        np.save(whole, array, allow_pickle=False)
        with contextlib.suppress(OSError):  # of a full disk the run file tells
            aside.write(self._folder / f"{outcome.digest}.npy", whole.getvalue())

    def want(self, outcome: Outcome, folder: Path) -> None:
        """Take the array of a finding that was kept in the run ``folder``, if there is one."""
        digest = outcome.digest
        if not outcome.is_finding or not _DIGEST.fullmatch(digest) or len(self._wanted) >= MOST:
            return
        if digest not in self._wanted and (folder / FOLDER / f"{digest}.npy").exists():
            self._wanted[digest] = folder / FOLDER / f"{digest}.npy"

    def copy(self) -> None:
        """Copy what is wanted, each file whole or not at all."""
        for digest, path in self._wanted.items():
            content = _content(path)
            if content and not (self._folder / f"{digest}.npy").exists():
                aside.write(self._folder / f"{digest}.npy", content)


def _content(path: Path) -> bytes:
    """Return what a file holds: nothing of a link, of no plain file, of one too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST + _HEAD:
            return b""
        return file.read()
