"""What became of one check: a pure function of its outcome before and its outcome now.

======================  ==================================================================
``same``                the same verdict for the same reason, the same bits
``drifted``             agreed and agrees, with other bits
``new``                 did not need a look, needs one now
``known``               passed, and now diverges as the ledger allows
``fixed``               did not pass, agrees now
``changed``             passed neither time, for another reason now
``gained``, ``lost``    there on the new, on the old side alone: no such API, a declared gap
======================  ==================================================================
"""

from __future__ import annotations

import re
from typing import Literal

from convergent.harness import diagnose
from convergent.harness.outcome import PASSING, Outcome

Kind = Literal["same", "drifted", "new", "known", "fixed", "changed", "gained", "lost"]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]

_WORSE = ("agrees", "degraded", "mistrusted", "raised", "timed_out", "crashed", "differs")

# What an interpreter says of a name that a module, a class or a namespace of operators lacks. An
# object without an attribute ('NoneType' object has ...) is a mistake inside a framework, no API.
_LACKING = re.compile(
    r"ModuleNotFoundError: "
    r"|ImportError: cannot import name "
    r"|AttributeError: (partially initialized )?module '[^']*' has no attribute "
    r"|AttributeError: type object '[^']*' has no attribute "
    r"|AttributeError: '_OpNamespace' '[^']*' object has no attribute "
    r"|AttributeError: [\w.]+ (was|has been|is) (removed|deprecated)\b"
)
_REFUSING = re.compile(r"TypeError: .*got an unexpected keyword argument ")


def kind(old: Outcome, new: Outcome) -> Kind:
    """Return what became of a check that came to ``old`` before and to ``new`` now."""
    if not is_there(new):
        return "lost" if is_there(old) and not refuses_argument(old) else "same"
    if (not is_there(old) or refuses_argument(old)) and not refuses_argument(new):
        return _appeared(old, new)
    if alike(old, new):
        return "drifted" if _other_bits(old, new) else "same"
    if new.verdict == "agrees":
        return "fixed"
    if new.is_finding:
        return "changed" if old.is_finding else "new"
    return "known" if old.verdict in PASSING else "changed"


def lacks_api(outcome: Outcome) -> bool:
    """Say whether the version that was asked has no such module, function or operator.

    Told from the exception's words; an object that lacks an attribute does not count.
    """
    return outcome.verdict == "raised" and _LACKING.match(outcome.detail) is not None


def refuses_argument(outcome: Outcome) -> bool:
    """Say whether an argument was not taken: on the old side, that it came later.

    On the new side the same words are taken for a finding: they may come from inside a framework.
    """
    return outcome.verdict == "raised" and _REFUSING.match(outcome.detail) is not None


def is_worse(old: Outcome, new: Outcome) -> bool:
    """Say whether the verdict became a more serious one: from less precise to wrong, say."""
    return _severity(new) > _severity(old)


def alike(old: Outcome, new: Outcome) -> bool:
    """Say whether a check came to the same for the same reason: figures and places may differ.

    Diagnoses are compared where both are told: an older version of this tool names fewer.
    """
    if old.verdict != new.verdict:
        return False
    if old.verdict == "agrees":
        return True
    return _symptoms(old) == _symptoms(new) and _like_diagnosis(old.diagnosis, new.diagnosis)


def _symptoms(outcome: Outcome) -> tuple[str, ...]:
    raised = outcome.detail.partition(":")[0] if outcome.verdict == "raised" else ""
    return (outcome.question, outcome.model, raised)


def _like_diagnosis(old: str, new: str) -> bool:
    if diagnose.is_named(old) and diagnose.is_named(new):
        return diagnose.cause(old) in diagnose.causes(new) or (
            diagnose.cause(new) in diagnose.causes(old)
        )
    return diagnose.UNEXPLAINED not in (old, new) or not (
        diagnose.is_named(old) or diagnose.is_named(new)
    )


def is_there(outcome: Outcome) -> bool:
    """Say whether there was something to call: no declared gap, and the version has the API."""
    return outcome.verdict != "unsupported" and not lacks_api(outcome)


def _appeared(old: Outcome, new: Outcome) -> Kind:
    """Return what a check is that could not be asked before; a declared gap passed."""
    if old.verdict == "unsupported" and new.verdict != "agrees":
        return "new" if new.is_finding else "known"
    return "gained"


def _other_bits(old: Outcome, new: Outcome) -> bool:
    seen = old.verdict == new.verdict == "agrees" and old.digest and new.digest
    return bool(seen) and old.digest != new.digest


def _severity(outcome: Outcome) -> int:
    return _WORSE.index(outcome.verdict) if outcome.verdict in _WORSE else 0
