"""The log of confirmations, ``confirmed.json``: what each entry of a ledger came to, and when.

It is changed one entry at a time and whole each time, sorted, with a line for each field, so that a
kill loses one entry and version control shows what became other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from convergent.cases.errors import InvalidLog
from convergent.harness import aside
from convergent.harness.ledger import Entry
from convergent.harness.outcome import Verdict

SCHEMA = 1
FILE = "confirmed.json"
SCRIPTS = "scripts"

Standing = Literal[
    "confirmed",  # the script of its example fails as the entry says
    "confirmed by repro",  # there is no script; the check itself fails as the entry says
    "not shown",  # the check or its script does otherwise
    "not on this processor",  # the processor decides, and it agrees here
    "not run",  # no such version is here, or it does not load
]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one entry came to.

    ``variant`` ran ``check`` (op/method/case) in ``version`` of the framework, on ``date``;
    ``said`` is how the script ended, or why it was not run, ``unwritten`` why there is none.
    ``elsewhere`` tells by version how the same script ended under others.
    """

    variant: str
    check: str
    versions: str
    standing: Standing
    date: str
    version: str = ""
    verdict: Verdict | None = None
    said: str = ""
    found: str = ""  # what the check came to, where no script says it
    diagnosis: str = ""
    unwritten: str = ""
    numpy: str = ""
    python: str = ""
    processor: str = ""
    variables: dict[str, str] = {}  # of the environment, that change what is computed
    elsewhere: dict[str, str] = {}

    @property
    def is_confirmed(self) -> bool:
        """Whether the divergence was seen."""
        return self.standing in {"confirmed", "confirmed by repro"}

    def is_of(self, entry: Entry) -> bool:
        """Say whether this was recorded of ``entry`` as it is now."""
        return (self.check, self.versions) == (entry.example, entry.versions)


class Log(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The records by the slugs of their entries."""

    schema: int = SCHEMA
    entries: dict[str, Record] = {}


def read(path: Path, *, missing: bool = False) -> Log:
    """Return the log at ``path``; an empty one if there is none and it may be ``missing``.

    Raises ``InvalidLog`` for what is no log.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        if missing:
            return Log()
        raise InvalidLog(
            f"{path} is not there; convergent known confirm -o {path.parent} makes it"
        ) from error
    except OSError as error:
        raise InvalidLog(f"{path} cannot be read: {error.strerror}; give another folder") from error
    try:
        found = msgspec.json.decode(content, type=Log)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidLog(
            f"{path} is no log of confirmations: {error}; remove it and confirm again"
        ) from error
    if found.schema != SCHEMA:
        raise InvalidLog(f"{path} has schema {found.schema}, this version reads {SCHEMA}")
    return found


def write(path: Path, entries: Mapping[str, Record]) -> None:
    """Write the log, sorted, whole or not at all."""
    ordered = Log(entries={slug: entries[slug] for slug in sorted(entries)})
    aside.write(path, msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n")
