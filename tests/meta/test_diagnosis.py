"""Planted mistakes are named by their cause, and nothing else is ever named."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from convergent.cases import dtypes
from convergent.cases.text import parse
from convergent.harness import diagnose
from convergent.harness.referee import Referee

_PATH = Path(__file__).parent / "planted" / "mistakes.py"
_SPEC = importlib.util.spec_from_file_location("planted_mistakes", _PATH)
mistakes = importlib.util.module_from_spec(_SPEC)
sys.modules["planted_mistakes"] = mistakes
_SPEC.loader.exec_module(mistakes)

REFEREE = Referee()
GENERIC = (diagnose.UNEXPLAINED, diagnose.SCANT)
ROWS = [
    (function, op, line, cause, data)
    for function, op, line, cause in mistakes.PLANTED
    for data in mistakes.DATA.get(function.__name__, ("exact", "normal", "uniform"))
]


def asked(line, op):
    case = parse(line)
    return case, REFEREE.question(case, op), REFEREE.operands(case)


def diagnosed(function, op, line, data):
    case, question, operands = asked(line if line.endswith(data) else f"{line}_{data}", op)
    array = function(case, *(dtypes.decode(a, case.dtype) for a in operands))
    if array.dtype == np.float64 and case.dtype != "float64":
        array = mistakes.store(array, case.dtype)
    found = question.judge(array, case.dtype)
    return found.verdict, diagnose.diagnose(question, operands, array, case.dtype)


@pytest.mark.parametrize(
    ("function", "op", "line", "cause", "data"),
    ROWS,
    ids=[f"{row[0].__name__}-{row[-1]}" for row in ROWS],
)
def test_a_planted_mistake_is_named(function, op, line, cause, data):
    verdict, said = diagnosed(function, op, line, data)
    assert verdict in ("differs", "degraded")
    assert diagnose.cause(said) == cause, said
