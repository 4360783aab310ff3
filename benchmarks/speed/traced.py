"""``convergent`` with a clock around the referee's steps: ``python traced.py TOLD run ...``.

Writes to ``TOLD``, as JSON, the seconds of each step without the steps inside it, where each
variant's time went, and of every check the time since the one before and inside its calls.
"""

from __future__ import annotations

import functools
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGAN = time.perf_counter()

from convergent.harness import diagnose, drive, run, session  # noqa: E402 - the clock comes first
from convergent.harness.cli import main  # noqa: E402
from convergent.harness.cli import run as command  # noqa: E402
from convergent.harness.referee import Referee  # noqa: E402
from convergent.harness.worker.client import Client  # noqa: E402

STEPS: dict[str, tuple[Any, str]] = {
    "drawing operands": (Referee, "operands"),
    "oracle and bound": (Referee, "question"),
    "judging": (drive, "judge"),
    "diagnosis": (diagnose, "diagnose"),
    "digest": (drive, "digest"),
    "asking for gaps": (drive.Driver, "_has_gap"),
    "ledger and run file": (session.Session, "emit"),
    "sending": (Client, "send"),
    "sending a case": (Client, "take"),
    "starting the worker": (Client, "__init__"),
    "waiting for the worker": (Client, "answer"),
    "planning": (run, "_run"),
    "working": (drive.Driver, "run"),
    "report": (command, "_tell"),
}


class Clock:
    """Seconds by step; what a step calls counts for the inner one alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner = [0.0]
        self.checks: list[tuple[float, float, int]] = []
        self._last = 0.0

    def begin(self) -> None:
        """Forget the last check: the next one that is run starts a worker, which is no check's."""
        self._last = 0.0

    def check(self, now: float, seconds: Sequence[float], *, ran: bool) -> None:
        """Count the time since the check before; a declared gap, which is not run, begins none."""
        if self._last and ran:
            self.checks.append((now - self._last, sum(seconds), sum(map(bool, seconds))))
        if self._last or ran:
            self._last = now

    def around(self, owner: Any, name: str, step: str) -> None:
        """Time every call of ``owner.name``. With one job, one thread at a time is at work."""
        function = getattr(owner, name)

        @functools.wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            self._inner.append(0.0)
            try:
                return function(*given, **named)
            finally:
                took = time.perf_counter() - began
                self.seconds[step] += took - self._inner.pop()
                self._inner[-1] += took

        setattr(owner, name, timed)


def trace(told: Path) -> None:
    """Put the clock in place; ``told`` is written when the command ends."""
    clock, times = Clock(), []
    work, emit, loaded = drive.Driver.run, session.Session.emit, drive.Driver.__init__

    def started(self: Any, *given: Any, **named: Any) -> None:
        loaded(self, *given, **named)
        times.append(self)

    def working(self: Any, works: Any) -> None:
        clock.begin()
        work(self, works)

    def emitted(self: Any, outcome: Any, array: Any) -> None:
        emit(self, outcome, array)
        took = (outcome.seconds, outcome.again)
        clock.check(time.perf_counter(), took, ran=outcome.verdict != "unsupported")

    drive.Driver.run, session.Session.emit = working, emitted
    drive.Driver.__init__ = started
    for step, (owner, name) in STEPS.items():
        clock.around(owner, name, step)
    try:
        main()
    finally:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        told.write_text(json.dumps({
            "process": time.perf_counter() - BEGAN,
            "steps": dict(clock.seconds),
            "times": {
                name: sum(getattr(each.times, name, 0.0) for each in times)
                for name in ("wall", "start", "busy", "carried", "framework")
            },
            "processor": usage.ru_utime + usage.ru_stime,
            "checks": clock.checks,
        }))  # fmt: skip


if __name__ == "__main__":
    trace(Path(sys.argv.pop(1)))
