"""Whether two outcomes are one finding seen on two cases."""

from __future__ import annotations

import re

from convergent.harness.diagnose import cause, causes, is_named
from convergent.harness.outcome import PASSING, Outcome

_SHARED = 2 / 3  # of the words of two messages
_WORD = re.compile(r"[^\W\d_]{3,}")
_NUMBERED = re.compile(r"\S*\d\S*")  # sizes, shapes, addresses, Conv2D: they change with the case
_SIGNAL = re.compile(r"SIG[A-Z]+|status -?\d+")


def is_failure(outcome: Outcome) -> bool:
    """Say whether there is something to shrink: no gap, and data that can show an error."""
    return outcome.verdict not in PASSING and outcome.verdict != "mistrusted"


def alike(outcome: Outcome, candidate: Outcome) -> bool:
    """Say whether ``candidate``, of another case, shows the finding that ``outcome`` shows.

    Verdict, question, model, exception or signal must be the same, and so must what explains it:
    the ledger's entry (or that there is none) and the cause that a diagnosis names first, which the
    other one may name beside further ones that fit a smaller case too.
    """
    if not (is_failure(outcome) and is_failure(candidate)):
        return False
    if _class(outcome) != _class(candidate):
        return False
    if is_named(outcome.diagnosis) and cause(outcome.diagnosis) not in causes(candidate.diagnosis):
        return False
    if outcome.verdict == "raised":
        return _same_message(outcome.detail, candidate.detail)
    return True


def _class(outcome: Outcome) -> tuple[str, ...]:
    signal = _SIGNAL.search(outcome.detail) if outcome.verdict == "crashed" else None
    return (
        outcome.verdict,
        outcome.question,
        outcome.model,
        outcome.known,
        signal[0] if signal else "",
    )


def _same_message(one: str, other: str) -> bool:
    """Say whether two exceptions are of one type and share most of their words without digits."""
    if one.partition(":")[0] != other.partition(":")[0]:
        return False
    words, others = _words(one), _words(other)
    return len(words & others) >= _SHARED * len(words | others)


def _words(message: str) -> set[str]:
    return set(_WORD.findall(_NUMBERED.sub(" ", message)))
