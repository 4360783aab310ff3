"""Changing a ledger's file: one change at a time, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from convergent.cases.errors import InvalidLedger
from convergent.harness import aside, ledger
from convergent.harness.known import draft, faults, layout
from convergent.harness.ledger import Entry
from convergent.harness.outcome import Outcome


def change(path: Path, changed: Callable[[str], str]) -> None:
    """Replace the text of ``path`` by what ``changed`` makes of it; make the file if there is none.

    Others that change it wait meanwhile. Raises ``InvalidLedger`` if the result would be no
    ledger, or cannot be written; then the file is as it was.
    """
    path = path.resolve()  # what a link names is changed, not the link
    try:
        with _alone(path):
            try:
                after = changed(faults.read(path)).encode()
                ledger.decode(after, str(path))
                aside.write(path, after)
            except BaseException:
                if path.stat().st_size == 0:
                    path.unlink()  # made by the lock
                raise
    except OSError as error:
        raise InvalidLedger(
            f"{path} cannot be written: {error.strerror}; give another file"
        ) from error


def add(path: Path, entry: Entry, outcome: Outcome, version: str) -> None:
    """Append an entry to the ledger at ``path``.

    Raises ``InvalidLedger`` as ``change`` does, and if the ledger excuses ``outcome`` already.
    """

    def with_entry(before: str) -> str:
        excused = ledger.decode(before.encode(), str(path)).excuse(outcome, version)
        if excused.known:
            raise InvalidLedger(f"{path} knows {outcome.id} already: {excused.known}")
        return _appended(before, draft.text(entry))

    change(path, with_entry)


def prune(path: Path, text: str, numbers: Collection[int]) -> None:
    """Take the entries of these numbers, counted from 1, out of the ledger at ``path``.

    ``text`` is the one that they were found in. Raises ``InvalidLedger`` as ``change`` does, and if
    the file no longer holds that text.
    """

    def without(before: str) -> str:
        if before != text:
            raise InvalidLedger(f"{path} was changed meanwhile; prune it again")
        return layout.without(text, [number - 1 for number in numbers])

    change(path, without)


def _appended(before: str, entry: str) -> str:
    """Return the text of a ledger with the text of one more entry, after an empty line."""
    end = "\r\n" if "\r\n" in before else "\n"
    if before and not before.endswith("\n"):
        before += end
    gap = end if before.strip() and not before.endswith(end * 2) else ""
    return before + gap + entry.replace("\n", end)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of the file that lies at ``path`` now: a change puts another in its place."""
    while True:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    yield
                    return
