"""Whether an entry of a ledger is true here: its example is run and says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from convergent.backends import naming, registry
from convergent.backends.naming import Name
from convergent.backends.variant import Variant
from convergent.cases.errors import BackendUnavailable, UnknownBackend, UnknownMethod
from convergent.cases.features import FEATURES
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness import environment
from convergent.harness.ask import Asker
from convergent.harness.ledger import Entry, Ledger
from convergent.harness.outcome import Outcome

Standing = Literal[
    "holds",  # the example diverges as the entry says
    "stale",  # it no longer diverges
    "changed",  # it diverges, otherwise than the entry says
    "depends",  # the processor or a mode decides, and it does not diverge here
    "other version",  # the entry is about other versions
    "not installed",
    "not run",  # it could not be
]
AGAIN = 2  # times that a check which no longer diverges is asked again


@record
class Found:
    """What became of an entry; ``number`` counts the ledger's entries from 1."""

    number: int
    entry: Entry
    standing: Standing
    version: str = ""
    said: str = ""
    outcome: Outcome | None = None

    @property
    def is_amiss(self) -> bool:
        """Whether the entry must be taken out or changed."""
        return self.standing in {"stale", "changed"} and self.entry.strict


@record
class Asked:
    """An entry and the variant that is to run its example."""

    number: int
    entry: Entry
    variant: str

    def found(self, standing: Standing, **more: object) -> Found:
        """Return what became of it."""
        return Found(number=self.number, entry=self.entry, standing=standing, **more)  # type: ignore[arg-type]


def select(entries: Sequence[Entry], variants: Iterable[str]) -> list[Asked]:
    """Return the entries that ``variants`` are asked about; all entries where none is named.

    A backend is asked about the entries of all its modes, and with a version or an interpreter it
    runs their examples there. Raises ``UnknownBackend`` for a name that is none.
    """
    numbered = list(enumerate(entries, 1))
    named = [registry.variant(name) for name in variants]
    if not named:
        return [Asked(number=n, entry=e, variant=e.shown_in) for n, e in numbered]
    return [
        Asked(number=n, entry=e, variant=_run_by(e, variant))
        for variant in dict.fromkeys(named)
        for n, e in numbered
        if variant.plain == e.shown_in or variant.plain == e.shown_in.partition(":")[0]
    ]


def _run_by(entry: Entry, variant: Variant) -> str:
    if variant.source is None:
        return entry.shown_in
    modes, source = entry.shown_in.partition(":")[2], variant.source
    return str(
        Name(backend=source.backend, version=source.version, python=source.python, modes=modes)
    )


def examine(asked: Iterable[Asked], timeout: float = 120.0) -> Iterator[Found]:
    """Yield what becomes of each entry, variant by variant: one worker lives at a time."""
    by_variant: dict[str, list[Asked]] = {}
    for one in asked:
        by_variant.setdefault(one.variant, []).append(one)
    for group in by_variant.values():
        with Asker(timeout, Ledger([])) as ask:
            for one in group:
                yield examined(one, ask)


def examined(one: Asked, ask: Asker) -> Found:
    """Return what becomes of one entry; ``ask`` knows no ledger."""
    unasked = _unasked(one)
    if unasked:
        return unasked
    op, method, line = one.entry.example.split("/")
    key, case = f"{op}/{method}", parse(line)
    try:
        outcome = ask(one.variant, key, case)
        version = _loaded(ask, one.variant)
        for _ in range(AGAIN):
            if outcome.verdict != "agrees" or not one.entry.strict:
                break
            outcome = ask(one.variant, key, case)  # now and then is not fixed
    except BackendUnavailable as error:
        return one.found("not run", said=str(error))
    except UnknownMethod as error:
        return one.found("stale", said=str(error), version=_loaded(ask, one.variant))
    if not one.entry.speaks_of(version):
        return one.found("other version", version=version)
    return _judged(one, outcome, version)


def _unasked(one: Asked) -> Found | None:
    """Say of an entry what is known without running it, if anything is."""
    try:
        variant, source = registry.variant(one.variant), naming.split(one.variant)
    except (UnknownBackend, BackendUnavailable) as error:
        return one.found("not installed", said=str(error))
    version = source.version or (None if source.python else registry.version(one.variant))
    if version is None and not source.python:
        return one.found("not installed")
    if version is not None and not one.entry.speaks_of(version):
        return one.found("other version", version=version)
    if not environment.has(variant.needs):
        said = f"needs {', '.join(sorted(variant.needs))}"
        return one.found("depends", version=version or "", said=said)
    if elsewhere := set(one.entry.when) - set(FEATURES) - variant.traits:
        said = f"not of this machine: {', '.join(sorted(elsewhere))}"
        return one.found("depends", version=version or "", said=said)
    return None


def _judged(one: Asked, outcome: Outcome, version: str) -> Found:
    entry, traits = one.entry, registry.variant(one.variant).traits
    standing: Standing = "changed"
    if outcome.verdict == "unsupported":
        standing = "depends" if traits else "stale"
    elif outcome.verdict == "agrees":
        standing = "stale" if entry.strict else "depends"
    elif entry.covers(outcome, version) and entry.allows(outcome):
        standing = "holds"
    said = "" if standing == "holds" else outcome.sentence
    return one.found(standing, version=version, said=said, outcome=outcome)


def _loaded(ask: Asker, variant: str) -> str:
    loaded = ask.loaded.get(variant)
    return str(loaded.loaded.get("version", "")) if loaded else ""
