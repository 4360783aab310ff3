"""Does a wrong result depend on what fresh memory holds? Asked by trying."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from convergent.cases.case import Case
from convergent.harness.ask import Asker
from convergent.harness.outcome import Outcome

_VARIABLE = "MALLOC_PERTURB_"


class Unfilled:
    """Asks checks where fresh memory is not filled; a context manager that ends its workers."""

    def __init__(self, timeout: float) -> None:
        self._ask = Asker(timeout)

    def matters(self, outcome: Outcome, case: Case) -> bool:
        """Say whether the check comes to other bits where fresh memory is not filled."""
        if outcome.verdict not in ("differs", "degraded") or outcome.question not in (
            "value",
            "repeat",
        ):
            return False
        with _unset():  # a worker has the variables of the moment that it is started
            return self._ask(outcome.variant, outcome.key, case).digest != outcome.digest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ask.__exit__(kind, error, trace)


def matters(outcome: Outcome, case: Case, timeout: float) -> bool:
    """Say whether the check comes to other bits where fresh memory is not filled."""
    with Unfilled(timeout) as unfilled:
        return unfilled.matters(outcome, case)


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
