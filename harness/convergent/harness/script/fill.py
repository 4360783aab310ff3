"""Does a wrong result depend on what fresh memory holds? Asked by trying."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator

from convergent.cases.case import Case
from convergent.harness.ask import Asker
from convergent.harness.outcome import Outcome

_VARIABLE = "MALLOC_PERTURB_"


Matters = Callable[[Outcome, Case], bool]


@contextlib.contextmanager
def unfilled(timeout: float) -> Iterator[Matters]:
    """Give what says whether a check comes to other bits where fresh memory is not filled.

    Its workers are for such checks alone: they have the variables of the moment they are started.
    """
    with Asker(timeout) as ask:
        yield functools.partial(_matters, ask)


def matters(outcome: Outcome, case: Case, timeout: float) -> bool:
    """Say so of one check."""
    with unfilled(timeout) as asked:
        return asked(outcome, case)


def _matters(ask: Asker, outcome: Outcome, case: Case) -> bool:
    if outcome.verdict not in ("differs", "degraded"):
        return False
    if outcome.question not in ("value", "repeat"):
        return False
    with _unset():
        return ask(outcome.variant, outcome.key, case).digest != outcome.digest


@contextlib.contextmanager
def _unset() -> Iterator[None]:
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
