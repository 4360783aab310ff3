"""Who drives the workers of a run, and what such a crew is given by the session."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

import msgspec

from convergent.cases.dtypes import Array
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work
from convergent.harness.record import Loaded
from convergent.harness.workers import Times


class Desk(Protocol):
    """Takes what a crew finds, from any thread; ``stop`` says that no more is to be done."""

    options: Options
    stop: threading.Event

    def emit(self, outcome: Outcome, array: Array | None) -> None:
        """Record an outcome and the wrong result, if there is one."""
        ...

    def announce(self, variant: Loaded) -> None:
        """Record what a worker has loaded, or why a variant could not be run."""
        ...


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Where a crew's time went; ``left`` checks were not run."""

    times: list[Times]
    left: int
    interrupted: bool = False


class Crew(Protocol):
    """Runs what is left of a run."""

    def work(self, left: Mapping[str, list[Work]], desk: Desk) -> Spent:
        """Run what is left; an interrupt ends it early and is told, not raised."""
        ...
