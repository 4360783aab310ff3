"""Confirming entries of a ledger: the stand-alone scripts of their examples are run.

The check is asked as ``known check`` does, its script written from what it answers, and run in a
clean process (``python -I``): a divergence is the framework's if the framework and NumPy show it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from convergent.backends import registry
from convergent.cases.errors import BackendUnavailable, CannotWrite
from convergent.cases.record import record
from convergent.cases.text import parse
from convergent.harness import environment, envs
from convergent.harness.ask import Asker
from convergent.harness.known import place
from convergent.harness.known.log import Record, Standing
from convergent.harness.known.standing import Asked, Found, examined
from convergent.harness.ledger import Ledger
from convergent.harness.outcome import Outcome
from convergent.harness.script import attempt, fill, write
from convergent.harness.script.header import without_folders

TRIES = 3  # of a script: what is read out of bounds may be right by chance
SAME, PASSES = "fails so too", "passes"
_STANDINGS: dict[str, Standing] = {
    "holds": "confirmed by repro",
    "stale": "not shown",
    "changed": "not shown",
    "depends": "not on this processor",
}


@record
class Confirmed:
    """What an entry came to, with its script where there is one that shows it."""

    number: int
    record: Record
    script: str = ""


def confirm(
    asked: Iterable[Asked], timeout: float = 120.0, *, everywhere: bool = False
) -> Iterator[Confirmed]:
    """Yield what becomes of each entry, variant by variant.

    An entry that is not about the installed version is asked of the newest one in its range that
    has an environment, and its script run by the installed version too; ``everywhere``: the script
    of each entry by every version that has one. ``timeout`` is in seconds, a check or a script.
    """
    by_variant: dict[str, list[Asked]] = {}
    for one in map(place.placed, asked):
        by_variant.setdefault(one.variant, []).append(one)
    for group in by_variant.values():
        with Asker(timeout, Ledger([])) as ask, fill.unfilled(timeout) as matters:
            for one in group:
                yield _Confirmation(one, ask, matters, timeout, everywhere=everywhere)()


class _Confirmation:
    """One entry's."""

    def __init__(
        self, one: Asked, ask: Asker, matters: fill.Matters, timeout: float, *, everywhere: bool
    ) -> None:
        self._one, self._ask, self._matters = one, ask, matters
        self._timeout, self._everywhere = timeout, everywhere

    def __call__(self) -> Confirmed:
        found = examined(self._one, self._ask)
        if found.standing != "holds" or found.outcome is None:
            return self._told(found, _STANDINGS.get(found.standing, "not run"), said=found.said)
        try:
            text = self._written(found.outcome)
        except CannotWrite as error:
            return self._told(found, "confirmed by repro", unwritten=without_folders(str(error)))
        except BackendUnavailable as error:  # it was there a moment ago
            return self._told(found, "not run", said=str(error))
        python = envs.interpreter(self._one.variant)
        tried = self._tried(text, found.outcome, python)
        if not tried.shows(found.outcome):
            return self._told(found, "not shown", said=f"the script {tried.sentence}")
        elsewhere = dict(self._run_elsewhere(text, found))
        told = self._told(found, "confirmed", said=tried.sentence, elsewhere=elsewhere)
        return Confirmed(number=told.number, record=told.record, script=text)

    def _written(self, outcome: Outcome) -> str:
        loaded = self._ask.loaded.get(outcome.variant)
        entry = self._one.entry
        known = f"{entry.reason} ({entry.issue})"
        return write.script(
            msgspec.structs.replace(outcome, known=known),
            referee=self._ask.referee,
            loaded=loaded.loaded if loaded else {},
            filled=self._matters(outcome, parse(outcome.case)),
        )

    def _tried(self, text: str, outcome: Outcome, python: str) -> attempt.Attempt:
        for _ in range(TRIES):
            tried = attempt.attempt(text, self._timeout, python)
            if tried.shows(outcome):
                break
        return tried

    def _run_elsewhere(self, text: str, found: Found) -> Iterator[tuple[str, str]]:
        """Yield other versions and how the script ends there."""
        assert found.outcome is not None
        for version, interpreter in self._others(found.version):
            tried = self._tried(text, found.outcome, interpreter())
            yield version, SAME if tried.shows(found.outcome) else tried.sentence

    def _others(self, version: str) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield the other versions that can be had, each once, and what gives its interpreter."""
        plain = registry.plain(self._one.variant)
        seen = {version}
        here = registry.version(plain)
        own = registry.variant(self._one.variant).source is None
        if here is not None and not own and not envs.same_version(here, version):
            seen.add(here)
            yield here, lambda: envs.interpreter(plain)
        for name in place.built(plain) if self._everywhere else []:
            if not any(envs.same_version(name.version, other) for other in seen):
                seen.add(name.version)
                yield name.version, lambda name=name: envs.interpreter(str(name))  # type: ignore[misc]

    def _told(self, found: Found, standing: Standing, said: str = "", **more: Any) -> Confirmed:
        said_by_script = standing == "confirmed"
        outcome, entry = found.outcome, found.entry
        loaded = self._ask.loaded.get(self._one.variant)
        described = loaded.loaded if loaded else {}
        made = Record(
            variant=self._one.variant,
            check=entry.example,
            versions=entry.versions,
            standing=standing,
            date=today(),
            version=found.version,
            verdict=outcome.verdict if outcome else None,
            found=without_folders(outcome.sentence) if outcome and not said_by_script else "",
            diagnosis=(outcome.diagnosis or outcome.model) if outcome else "",
            numpy=str(described.get("numpy", "")),
            python=str(described.get("python", "")),
            processor=environment.cpu(),
            variables=environment.variables(),
            said=without_folders(said),
            **more,
        )
        return Confirmed(number=found.number, record=made)


def today() -> str:
    """Return the date in UTC, as ISO 8601 writes it."""
    return dt.datetime.now(dt.UTC).date().isoformat()
