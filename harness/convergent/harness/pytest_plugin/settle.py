"""What an outcome is to pytest: passed, failed, skipped or an expected failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from convergent.cases.errors import Disagreement
from convergent.harness import diagnose
from convergent.harness.ledger import Entry
from convergent.harness.outcome import PASSING, Outcome


def settle(outcome: Outcome, *, excused: bool = True) -> None:
    """Return for an outcome that passes.

    A declared gap is skipped: it was not run. A known divergence is an expected failure, unless
    known ones are not ``excused`` (``--runxfail``). Anything else raises ``Disagreement``.
    """
    __tracebackhide__ = True
    if outcome.verdict == "unsupported":
        pytest.skip(outcome.detail)
    if outcome.known and excused:
        pytest.xfail(outcome.known)
    if outcome.verdict not in PASSING:
        raise Disagreement("\n".join(_told(outcome)))


def stale(entry: Entry) -> Disagreement:
    """Return the error of a ledger entry whose example no longer shows it."""
    return Disagreement(
        f"{entry.variant} {entry.example} no longer shows what the ledger says of it: "
        f"{entry.reason} ({entry.issue})\n"
        "take the entry out, or narrow its versions: convergent known prune"
    )


def _told(outcome: Outcome) -> Iterator[str]:
    yield outcome.sentence
    if outcome.diagnosis:
        meaning = diagnose.CAUSES.get(diagnose.cause(outcome.diagnosis).removesuffix(", in part"))
        yield f"diagnosis: {outcome.diagnosis}" + (f" ({meaning})" if meaning else "")
    if outcome.kernel:
        yield f"kernel: {outcome.kernel}"
    if outcome.known:
        yield f"known: {outcome.known}"
    yield outcome.repro
