"""Does a wrong result depend on what fresh memory holds? Asked by trying."""

from __future__ import annotations

import os

from convergent.cases.case import Case
from convergent.harness.ask import Asker
from convergent.harness.outcome import Outcome

_VARIABLE = "MALLOC_PERTURB_"


def matters(outcome: Outcome, case: Case, timeout: float) -> bool:
    """Say whether the check comes to other bits where fresh memory is not filled."""
    if outcome.verdict not in ("differs", "degraded") or outcome.question not in (
        "value",
        "repeat",
    ):
        return False
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "0"
    try:
        with Asker(timeout) as ask:
            return ask(outcome.variant, outcome.key, case).digest != outcome.digest
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
