"""What a worker's answer comes to: every question that is asked of it, in their order.

An exception is right for an illegal call and for nothing else. A result must have the right shape,
dtype and values, must have left the operands as they were, must be the same bit by bit when the
method is called again, and must then lie elsewhere.
"""

from __future__ import annotations

import re

import msgspec
import numpy as np

from convergent.backends import contracts
from convergent.cases.case import Case
from convergent.cases.dtypes import Array
from convergent.harness import diagnose
from convergent.harness.compare import Question, fingerprint
from convergent.harness.outcome import Judgement
from convergent.harness.referee import Referee
from convergent.harness.worker.client import Answer

# Words of frameworks for "we did not think of this": an exception, but no answer to a user.
_OWN_FAULT = re.compile(
    r"INTERNAL ASSERT|please report a bug|^SystemError|^InternalError|RuntimeError: INTERNAL"
    r"|got an unexpected keyword argument"  # of a version that has no such call
)


def judge(referee: Referee, case: Case, key: str, answer: Answer) -> Judgement:
    """Return what ``answer`` to the check ``key`` of ``case`` comes to."""
    op, _, name = key.partition("/")
    if op == "contract":
        return _refusal(name, answer)
    if answer.header["is"] == "raised":
        return Judgement(verdict="raised", detail=answer.message)
    found = _value(referee, case, op, answer)
    if answer.changed:
        detail = f"the method changed its input {', '.join(answer.changed)}"
        found = msgspec.structs.replace(
            found, verdict="differs", detail=detail, question="input", diagnosis=diagnose.CHANGED
        )
    if len(answer.arrays) > 1:
        found = _unsteady(found, answer.arrays[0], answer.arrays[1])
    if answer.reused:  # what the first call gave cannot be told any more
        detail = "a further call wrote its result over that of the first"
        found = msgspec.structs.replace(
            found, verdict="differs", detail=detail, question="kept", diagnosis=diagnose.REUSED
        )
    return found


def _value(referee: Referee, case: Case, op: str, answer: Answer) -> Judgement:
    """Return what the first result comes to, and like what it is if it is wrong.

    Most methods of an op give the same bits: what has been said of those is not worked out again.
    """
    question, array = referee.question(case, op), answer.arrays[0]
    mark = fingerprint(array, answer.dtype)
    if mark not in question.told:
        question.told[mark] = _said(referee, question, array, answer.dtype)
    return question.told[mark]


def _said(referee: Referee, question: Question, array: Array, dtype: str) -> Judgement:
    found = question.judge(array, dtype)
    if found.verdict not in ("differs", "degraded"):
        return found
    like = diagnose.diagnose(question, referee.operands(question.case), array, dtype)
    if found.verdict == "degraded" and not diagnose.is_named(like):
        like = ""  # its model explains it, by a wider bound
    return msgspec.structs.replace(found, diagnosis=like)


def _refusal(name: str, answer: Answer) -> Judgement:
    if answer.header["is"] == "raised":
        if _OWN_FAULT.search(answer.message):
            return Judgement(verdict="raised", detail=answer.message, question="contract")
        return Judgement(verdict="agrees", detail=answer.message)
    shape = answer.arrays[0].shape
    detail = f"returned a result of shape {shape} where an error is due: {contracts.reason(name)}"
    return Judgement(verdict="differs", detail=detail, question="contract")


def _unsteady(found: Judgement, first: Array, second: Array) -> Judgement:
    """Return ``found`` with what a further call on the same operands gave instead."""
    if first.shape != second.shape:
        said = f"a further call on the same input gave shape {second.shape}"
    elif first.dtype != second.dtype:
        said = f"a further call on the same input gave dtype {second.dtype}"
    else:
        bits = [array.view(np.uint8).reshape(array.size, -1) for array in (first, second)]
        count = int(np.count_nonzero((bits[0] != bits[1]).any(axis=1)))
        said = f"a further call on the same input gave other bits in {count} of {first.size}"
    if found.verdict == "differs":
        return msgspec.structs.replace(found, detail="; ".join(filter(None, [found.detail, said])))
    return msgspec.structs.replace(
        found, verdict="differs", detail=said, question="repeat", diagnosis=diagnose.UNSTEADY
    )
