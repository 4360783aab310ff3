"""Known divergences: ``known.toml``, read by the run, the pytest matrix, the report and the docs.

Strict: an entry that covers checks of a whole run but explains none of them fails the run, so
that nobody keeps an excuse for a bug that is fixed. An entry::

    [[known]]
    variant = "torch"                  # pattern of the variant's name
    versions = ">=2.1,<2.14"           # of the framework (PEP 440)
    checks = ["backprop_input/*"]      # patterns of op/method
    when = ["strided", "1d"]           # features that the case must have ...
    unless = ["dilated"]               # ... and must not have
    cases = "conv2d:*"                 # optional pattern of the case line
    verdict = "differs"
    model = ""                         # optional: the model that explains a degraded one
    kind = "notyet"                    # notyet (theirs), notimpl (ours), never (by definition)
    reason = "one line that a person understands"
    issue = "https://..."              # or "not reported before"
    strict = true                      # false: depends on the processor, say which in the reason
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from convergent.cases.errors import InvalidCase, InvalidLedger
from convergent.cases.features import FEATURES, features
from convergent.cases.text import parse
from convergent.harness.outcome import PASSING, Outcome, Verdict


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One known divergence: which checks, which verdict, why, and where it is discussed."""

    variant: str
    checks: tuple[str, ...]
    verdict: Verdict
    kind: Literal["notyet", "notimpl", "never"]
    reason: str
    issue: str
    versions: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    cases: str = "*"
    model: str = ""
    strict: bool = True

    def covers(self, outcome: Outcome, version: str) -> bool:
        """Say whether this entry speaks of the check of ``outcome``, whatever its verdict."""
        if not fnmatch.fnmatchcase(outcome.variant, self.variant):
            return False
        if not any(fnmatch.fnmatchcase(outcome.key, pattern) for pattern in self.checks):
            return False
        if not fnmatch.fnmatchcase(outcome.case, self.cases):
            return False
        if not self._holds_for(version):
            return False
        try:
            has = features(parse(outcome.case))
        except InvalidCase:
            return False
        return has.issuperset(self.when) and has.isdisjoint(self.unless)

    def allows(self, outcome: Outcome) -> bool:
        """Say whether a check that this entry covers may come to ``outcome``."""
        return outcome.verdict == self.verdict and self.model in ("", outcome.model)

    def _holds_for(self, version: str) -> bool:
        if not self.versions:
            return True
        try:
            return SpecifierSet(self.versions).contains(Version(version), prereleases=True)
        except InvalidVersion:
            return False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    known: tuple[Entry, ...] = ()


class Ledger:
    """The entries of a ``known.toml`` and what became of them in a run."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._covered: set[Entry] = set()
        self._explained: set[Entry] = set()

    def excuse(self, outcome: Outcome, version: str) -> Outcome:
        """Return ``outcome``, with the reason of the entry that allows it if there is one."""
        if outcome.verdict == "unsupported":
            return outcome
        for entry in self.entries:
            if not entry.covers(outcome, version):
                continue
            self._covered.add(entry)
            if entry.allows(outcome):
                self._explained.add(entry)
                return msgspec.structs.replace(outcome, known=f"{entry.reason} ({entry.issue})")
        return outcome

    def stale(self) -> list[Entry]:
        """Return the entries that covered checks of this run and explained none of them."""
        return [e for e in self.entries if e.strict and e in self._covered - self._explained]


def load(path: Path | None = None) -> Ledger:
    """Read ``path``, or the ledger that comes with this project.

    Raises ``InvalidLedger`` with the entry and the field at fault.
    """
    source = path or resources.files("convergent.harness") / "known.toml"
    try:
        found = msgspec.toml.decode(source.read_bytes(), type=_File)
    except OSError as error:
        raise InvalidLedger(f"{source} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InvalidLedger(f"{source}: {error}") from error
    for number, entry in enumerate(found.known, 1):
        _check(entry, f"{source}, entry {number}")
    return Ledger(found.known)


def _check(entry: Entry, place: str) -> None:
    unknown = set(entry.when + entry.unless) - set(FEATURES)
    if unknown:
        raise InvalidLedger(
            f"{place}: {min(unknown)!r} is no feature; see convergent list features"
        )
    if entry.verdict in PASSING:
        raise InvalidLedger(f"{place}: {entry.verdict!r} is no divergence")
    try:
        SpecifierSet(entry.versions)
    except InvalidSpecifier as error:
        raise InvalidLedger(f"{place}: versions {entry.versions!r} is no version range") from error
