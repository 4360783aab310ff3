"""Single checks on demand, each variant's worker kept alive between them.

``with Asker() as ask: outcome = ask("torch", "conv/native", case)``: what the pytest matrix,
``repro`` and ``explain`` are made of.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from convergent.backends import registry
from convergent.cases.case import SPECIAL, Case
from convergent.cases.dtypes import Array
from convergent.cases.errors import UnknownMethod
from convergent.harness import relations
from convergent.harness.drive import Driver
from convergent.harness.ledger import Ledger, load
from convergent.harness.outcome import Outcome
from convergent.harness.record import Loaded
from convergent.harness.referee import Referee, asks


class Asker:
    """Answers single checks; a context manager that ends its workers.

    ``last`` is the array of the newest answer (``None`` if there was none), ``loaded`` what each
    variant's worker said of itself. ``crowded`` says that other workers run beside these. A check
    that loses its worker is asked again, unless ``once``: that costs another start.
    """

    def __init__(
        self,
        timeout: float = 120.0,
        ledger: Ledger | None = None,
        *,
        crowded: bool = False,
        repeat: int = 2,
        once: bool = False,
    ) -> None:
        self.referee = Referee()
        self.last: Array | None = None
        self.loaded: dict[str, Loaded] = {}
        self._timeout, self._crowded, self._repeat, self._once = timeout, crowded, repeat, once
        self._ledger = ledger or load()
        self._drivers: dict[str, Driver] = {}
        self._outcome: Outcome | None = None

    def __call__(self, variant: str, key: str, case: Case) -> Outcome:
        """Return the outcome of one check; framework faults are verdicts, never exceptions.

        Raises ``UnknownBackend``, ``UnknownMethod`` and ``BackendUnavailable``.
        """
        _check_name(variant, key, case)
        if variant not in self._drivers:
            self._drivers[variant] = self._driver(variant)
        try:
            self._drivers[variant].check(case, key)
        except BaseException:  # of a caller's interrupt: the worker still owes that answer
            self._drivers[variant].kill()
            raise
        assert self._outcome is not None
        return self._outcome

    def limit(self, seconds: float) -> None:
        """Give each further check so much time."""
        self._timeout = seconds
        for driver in self._drivers.values():
            driver.limit(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for driver in self._drivers.values():
            driver.kill()

    def _driver(self, variant: str) -> Driver:
        return Driver(
            variant,
            referee=self.referee,
            emit=self._take,
            announce=self._meet,
            timeout=self._timeout,
            repeat=self._repeat,
            stop=threading.Event(),
            crowded=self._crowded,
            once=self._once,
        )

    def _take(self, outcome: Outcome, array: Array | None) -> None:
        loaded = self.loaded.get(outcome.variant)
        version = str(loaded.loaded.get("version", "")) if loaded else ""
        self._outcome, self.last = self._ledger.excuse(outcome, version), array

    def _meet(self, variant: Loaded) -> None:
        self.loaded[variant.name] = variant


def refuse(case: Case, op: str) -> None:
    """Raise ``UnknownMethod`` for special data that ``op`` is never asked of: nothing judges it."""
    if case.data in SPECIAL and not asks(case, op):
        raise UnknownMethod(f"{op} is not asked of {case.data} data; take other data or another op")


def _check_name(variant: str, key: str, case: Case) -> None:
    method, relation = relations.split(key)
    methods = registry.variant(variant).methods()
    if method not in methods:
        op = method.partition("/")[0]
        known = [k for k, found in methods.items() if found.op == op]
        there = f"of {op} it has {', '.join(known)}" if known else f"it has nothing of {op}"
        raise UnknownMethod(f"{variant} has no method {method!r}; {there}")
    if relation and relation not in relations.RELATIONS:
        names = ", ".join(relations.RELATIONS)
        raise UnknownMethod(f"{relation!r} is no relation; the relations are {names}")
    if relation and relations.claim(key, case) is None:
        raise UnknownMethod(f"the relation {relation} says nothing of {method} on {case}")
    refuse(case, method.partition("/")[0])
