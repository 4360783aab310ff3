"""The folder of a hunting log: ``confirmed.json`` and a script for each divergence that has one."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from convergent.harness import aside
from convergent.harness.known import log
from convergent.harness.known.confirm import Confirmed, today
from convergent.harness.known.log import Record
from convergent.harness.ledger import Entry

_TRANSIENT = {"not on this processor", "not run"}


class Folder:
    """A hunting log that is written to. Raises ``InvalidLog`` if there is a damaged one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / log.FILE
        self._records: dict[str, Record] = dict(log.read(self.log, missing=True).entries)

    def script(self, slug: str) -> Path:
        """Return where the script of an entry lies, if it has one."""
        return self.path / log.SCRIPTS / f"{slug}.py"

    def has(self, slug: str, entry: Entry) -> bool:
        """Say whether ``entry`` as it is now was asked today."""
        record = self._records.get(slug)
        return (
            record is not None
            and record.date == today()
            and record.is_of(entry)
            and record.standing != "not run"
        )

    def take(self, slug: str, entry: Entry, made: Confirmed) -> bool:
        """Write down what an entry came to, and say whether that was done.

        What was confirmed stays so where another machine cannot tell, or has not the version.
        """
        before = self._records.get(slug)
        keep = before is not None and before.is_confirmed and before.is_of(entry)
        if keep and made.record.standing in _TRANSIENT:
            return False
        path = self.script(slug)
        if made.script:
            aside.write(path, made.script.encode("utf-8", "backslashreplace"))
        self._records[slug] = made.record
        log.write(self.log, self._records)
        if not made.script:
            path.unlink(missing_ok=True)
        return True

    def drop_others(self, slugs: Collection[str]) -> list[str]:
        """Drop the records of entries that the ledger no longer has, and their scripts."""
        gone = sorted(set(self._records) - set(slugs))
        for slug in gone:
            del self._records[slug]
        if gone:
            log.write(self.log, self._records)
        for slug in gone:
            if re.fullmatch(r"[a-z0-9-]+", slug):  # the file may come from anywhere
                self.script(slug).unlink(missing_ok=True)
        return gone
