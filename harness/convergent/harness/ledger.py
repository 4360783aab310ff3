"""Known divergences: ``known.toml``, read by the run, the pytest matrix, the report and the docs.

Strict: each entry names an example, the smallest check known to show it. A run in which the
example no longer does fails, so that nobody keeps an excuse for a bug that is fixed. An entry::

    [[known]]
    variant = "torch"                  # pattern of the variant; without ":" of its backend
    versions = ">=2.1,<2.14"           # of the framework (PEP 440)
    checks = ["backprop_input/*"]      # patterns of op/method
    when = ["strided", "1d"]           # features, traits of the machine and modes: must hold ...
    unless = ["dilated"]               # ... and must not have
    cases = "conv2d:*"                 # optional pattern of the case line
    verdicts = ["differs", "raised"]   # what such a check may come to
    models = []                        # of degraded ones: the models that may explain them
    example = "backprop_input/nn_grad/conv1d:i5_k2_s2"
    kind = "notyet"                    # notyet (theirs), notimpl (ours), never (by definition)
    reason = "one line that a person understands"
    issue = "https://..."              # or "not reported before"
    strict = true                      # false: depends on the processor, say which in the reason

``convergent known`` keeps such a file (``convergent.harness.known``, docs/known.md).
"""

from __future__ import annotations

import codecs
import fnmatch
import functools
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from convergent.backends import registry
from convergent.cases.errors import (
    BackendUnavailable,
    InvalidCase,
    InvalidLedger,
    UnknownBackend,
)
from convergent.cases.features import FEATURES, features
from convergent.cases.text import parse
from convergent.harness import relations
from convergent.harness.outcome import PASSING, Outcome, Verdict


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One known divergence: which checks, which verdicts, why, and where it is discussed."""

    variant: str
    checks: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    example: str  # op/method/case
    kind: Literal["notyet", "notimpl", "never"]
    reason: str
    issue: str
    versions: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    cases: str = "*"
    models: tuple[str, ...] = ()
    strict: bool = True

    def covers(self, outcome: Outcome, version: str, *, here: bool = True) -> bool:
        """Say whether this entry speaks of the check of ``outcome``, whatever its verdict.

        Not ``here``: on some machine, whatever this one's traits are.
        """
        if not self.concerns(outcome.variant, outcome.key, version):
            return False
        return self.holds_for(outcome.case, _traits(outcome.variant) if here else None)

    def concerns(self, variant: str, key: str, version: str) -> bool:
        """Say whether this entry speaks of checks of ``op/method`` at all."""
        name = registry.plain(variant)
        name = name if ":" in self.variant else name.partition(":")[0]
        if not fnmatch.fnmatchcase(name, self.variant):
            return False
        if not any(fnmatch.fnmatchcase(key, pattern) for pattern in self.checks):
            return False
        return self.speaks_of(version)

    def holds_for(self, line: str, traits: frozenset[str] | None) -> bool:
        """Say whether this entry speaks of a case, where ``traits`` hold (``None``: anywhere)."""
        if not fnmatch.fnmatchcase(line, self.cases):
            return False
        known = _features(line)
        if known is None:
            return False
        when = set(self.when) if traits is not None else set(self.when) & set(FEATURES)
        has = known | (traits or frozenset())
        return has.issuperset(when) and has.isdisjoint(self.unless)

    def allows(self, outcome: Outcome) -> bool:
        """Say whether a check that this entry covers may come to ``outcome``."""
        if outcome.verdict == "degraded" and outcome.model not in self.models:
            return False
        return outcome.verdict in self.verdicts

    @property
    def shown_in(self) -> str:
        """The variant that runs the example: the entry's own, in the modes that ``when`` names."""
        if ":" in self.variant:
            return self.variant
        try:
            modes = [mode.name for mode in registry.get(self.variant).modes]
        except (UnknownBackend, BackendUnavailable):
            return self.variant
        words = "+".join(mode for mode in modes if mode in self.when)
        return f"{self.variant}:{words}" if words else self.variant

    def is_shown_by(self, outcome: Outcome) -> bool:
        """Say whether ``outcome`` is of this entry's example."""
        is_example = f"{outcome.key}/{outcome.case}" == self.example
        return is_example and outcome.variant == self.shown_in

    def speaks_of(self, version: str) -> bool:
        """Say whether ``version`` of the framework is one that this entry is about."""
        return not self.versions or _contains(self.versions, version)


@functools.lru_cache(maxsize=4096)
def _features(line: str) -> frozenset[str] | None:
    """Return the features of a case's line; of what is none, nothing."""
    try:
        return features(parse(line))
    except InvalidCase:
        return None


@functools.cache
def _contains(versions: str, version: str) -> bool:
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    known: tuple[Entry, ...] = ()


class Ledger:
    """The entries of a ``known.toml`` and what became of them in a run.

    Within one run neither the variables that decide a variant's traits change nor the versions.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._stale: list[Entry] = []
        self._traits: dict[str, frozenset[str]] = {}
        self._concerned: dict[tuple[str, str, str], list[int]] = {}

    def excuse(self, outcome: Outcome, version: str) -> Outcome:
        """Return ``outcome``, with the reason of the entry that allows it if there is one."""
        if outcome.verdict == "unsupported":
            return outcome
        calls = _calls(outcome)
        places = sorted({place for call in calls for place in self._covering(call, version)})
        covering = [self.entries[place] for place in places]
        allowing = [entry for entry in covering if entry.allows(outcome)]
        self._stale += [
            entry
            for entry in covering
            if entry.strict and entry.is_shown_by(outcome) and entry not in allowing
        ]
        if not allowing:
            return outcome
        reason = f"{allowing[0].reason} ({allowing[0].issue})"
        return msgspec.structs.replace(outcome, known=reason)

    def _covering(self, call: Outcome, version: str) -> Iterator[int]:
        """Yield the places of the entries that cover a check."""
        asked = call.variant, call.key, version
        if asked not in self._concerned:
            self._concerned[asked] = [
                place for place, entry in enumerate(self.entries) if entry.concerns(*asked)
            ]
        if call.variant not in self._traits:
            self._traits[call.variant] = _traits(call.variant)
        traits = self._traits[call.variant]
        for place in self._concerned[asked]:
            if self.entries[place].holds_for(call.case, traits):
                yield place

    def stale(self) -> list[Entry]:
        """Return the entries whose example was run and no longer shows the divergence."""
        return list(self._stale)


def built_in() -> Path:
    """Return where the ledger that comes with this project lies."""
    return Path(str(resources.files("convergent.harness") / "known.toml"))


def load(path: Path | None = None) -> Ledger:
    """Read ``path``, or the ledger that comes with this project.

    Raises ``InvalidLedger`` with the entry and the field at fault.
    """
    source = path or built_in()
    try:
        content = source.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise InvalidLedger(f"{source} cannot be read: {error.strerror}") from error
    return decode(content, str(source))


def decode(content: bytes, source: str) -> Ledger:
    """Return the ledger that the bytes of a file hold; raises as ``load`` does."""
    try:
        found = msgspec.toml.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidLedger(f"{source}: {error}") from error
    for number, entry in enumerate(found.known, 1):
        for _, said in faults(entry):
            raise InvalidLedger(f"{source}, entry {number}: {said}")
    return Ledger(found.known)


def _calls(outcome: Outcome) -> list[Outcome]:
    """Return ``outcome`` as what each call of it alone would have come to: relations have more."""
    if not relations.split(outcome.key)[1] or outcome.verdict in PASSING:
        return [outcome]
    try:
        asked, case = registry.variant(outcome.variant), parse(outcome.case)
        involved = relations.involved(asked, outcome.key, case)
    except (UnknownBackend, BackendUnavailable, InvalidCase):
        return [outcome]  # a run file may come from anywhere
    calls = ((*key.split("/", 1), str(twin)) for key, twin in involved if key)
    return [msgspec.structs.replace(outcome, op=o, method=m, case=c) for o, m, c in calls]


def _traits(variant: str) -> frozenset[str]:
    try:
        return registry.variant(variant).traits
    except (UnknownBackend, BackendUnavailable):
        return frozenset()  # a run file may come from anywhere


@functools.cache
def _trait_words() -> set[str]:
    backends = [registry.get(name) for name in registry.BUILT_IN]
    return {word for backend in backends for word in backend.trait_words} | {
        mode.name for backend in backends for mode in backend.modes
    }


def faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield each thing that an entry says and cannot be: the field and one line about it."""
    for field, words in (("when", entry.when), ("unless", entry.unless)):
        for word in sorted(set(words) - set(FEATURES) - _trait_words()):
            yield field, f"{word!r} is no feature; see convergent list features"
    if not entry.verdicts:
        yield "verdicts", "no verdict is named that the checks may come to"
    for verdict in sorted(set(entry.verdicts) & PASSING):
        yield "verdicts", f"{verdict!r} is no divergence"
    if ("degraded" in entry.verdicts) != bool(entry.models):
        yield "models", "'degraded' and its models are said together"
    yield from _faults_of_example(entry)
    try:
        SpecifierSet(entry.versions)
    except InvalidSpecifier:
        yield "versions", f"versions {entry.versions!r} is no version range"


def _faults_of_example(entry: Entry) -> Iterator[tuple[str, str]]:
    op, _, rest = entry.example.partition("/")
    method, _, line = rest.partition("/")
    try:
        case = parse(line)
    except InvalidCase as error:
        yield "example", f"the example's {error}"
        return
    shown = Outcome(variant=entry.shown_in, op=op, method=method, case=str(case), verdict="differs")
    if not msgspec.structs.replace(entry, versions="").covers(shown, "", here=False):
        yield "example", f"the entry does not cover its own example {entry.example}"
