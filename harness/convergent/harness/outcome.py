"""What a check came to: plain data that crosses processes and becomes JSON unchanged.

>>> from convergent.harness.outcome import Outcome
>>> Outcome(variant="torch", op="conv", method="native", case="conv1d:i3_k2", verdict="agrees").id
'torch/conv/native/conv1d:i3_k2'
"""

from __future__ import annotations

import math
import shlex
from typing import Literal

import msgspec

from convergent.cases.errors import Disagreement

Verdict = Literal[
    "agrees",  # equal (exact data) or within the bound (real data)
    "degraded",  # outside the bound, inside a wider derived one: less precise than its dtype
    "differs",  # a wrong shape, dtype or value, a changed input, not the same the next time
    "unsupported",  # declared as a gap, with its reason; not run
    "raised",  # an exception where a result was due
    "crashed",  # the worker process ended
    "timed_out",  # no answer within the time limit; the worker was killed
    "mistrusted",  # the data could not have shown an error, or the oracle is in doubt
]
VERDICTS: tuple[Verdict, ...] = Verdict.__args__  # type: ignore[attr-defined]
PASSING: frozenset[Verdict] = frozenset({"agrees", "unsupported"})

Asked = Literal["", "shape", "dtype", "value", "input", "repeat", "kept", "contract", "relation"]
"""What a check asks of a result: its shape and dtype, its values, that the operands are as they
were, that a second call gives the same bits and leaves those of the first alone, that an illegal
call is refused, that a relation between results holds."""

Number = float | Literal["nan", "inf", "-inf"]
"""A float that survives JSON, which has neither NaN nor infinity."""


def number(value: float) -> Number:
    """Return ``value`` as JSON can hold it."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(value)


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """The element farthest outside (or nearest to) its bound; ``index`` is canonical."""

    index: tuple[int, ...]
    expected: Number
    actual: Number
    bound: Number

    @property
    def told(self) -> tuple[str, str]:
        """``actual`` and ``expected`` in words: nine digits tell float32 apart, not float64."""
        few = _short(self.actual), _short(self.expected)
        return few if len(set(few)) > 1 else (str(self.actual), str(self.expected))


class Judgement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a result came to, whoever gave it.

    ``ratio`` is the largest ``error / bound`` (1 is the limit on every dtype and shape; on exact
    data any error counts), ``ulp`` the largest error in units of the result's last place,
    ``outside`` of ``size`` elements lie outside. ``where`` says which elements in words, ``model``
    the wider bound that explains a ``degraded`` one, ``diagnosis`` the mistake that gives these
    very numbers (``diagnose``): a short text without indices. ``detail`` is one line: an
    exception, a gap's reason, a shape. ``question`` says what was asked where the answer is wrong.
    """

    verdict: Verdict
    ratio: Number | None = None
    ulp: Number | None = None
    outside: int = 0
    size: int = 0
    worst: Worst | None = None
    where: str = ""
    model: str = ""
    detail: str = ""
    question: Asked = ""
    diagnosis: str = ""


class Outcome(Judgement, frozen=True, kw_only=True, omit_defaults=True, tag="check"):
    """The outcome of one check: case x op x method x variant, and its judgement.

    ``digest`` hashes the result's bits (C-contiguous, canonical). ``seconds`` is the time inside
    the framework's first call, ``again`` that inside the second, which finds everything compiled.
    ``kernel`` is what computed it, where the framework tells. ``known`` holds the reason of the
    ledger entry that allows this outcome, ``note`` what is worth saying though nothing is wrong.
    """

    variant: str
    op: str
    method: str
    case: str
    digest: str = ""
    seconds: float = 0.0
    again: float = 0.0
    kernel: str = ""
    known: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """``op/method``."""
        return f"{self.op}/{self.method}"

    @property
    def id(self) -> str:
        """The check's name: ``variant/op/method/case``."""
        return f"{self.variant}/{self.op}/{self.method}/{self.case}"

    @property
    def is_finding(self) -> bool:
        """Whether a person should look: not passing and not a known divergence."""
        return self.verdict not in PASSING and not self.known

    @property
    def repro(self) -> str:
        """The command that runs this check again."""
        # Quoted: a run file of somebody else must not bring commands to be pasted.
        return shlex.join(["convergent", "repro", self.variant, self.key, self.case])

    @property
    def sentence(self) -> str:
        """One line: what was found, expected, and how far outside."""
        return _sentence(self)

    def check(self) -> Outcome:
        """Return this outcome, or raise ``Disagreement`` if it is a finding."""
        if self.is_finding:
            raise Disagreement(f"{self.sentence} | {self.repro}")
        return self


def _sentence(outcome: Outcome) -> str:
    head = f"{outcome.variant} {outcome.key}"
    worst = outcome.worst
    if worst is None or outcome.verdict in PASSING or not outcome.outside:
        said = outcome.detail or outcome.where or outcome.note
        if outcome.diagnosis:
            said = "; ".join(filter(None, [said, outcome.diagnosis]))
        return f"{head}: {outcome.verdict.replace('_', ' ')}" + (f" ({said})" if said else "")
    index = ",".join(map(str, worst.index))
    remarks = [f"{outcome.outside} of {outcome.size} outside", f"ratio {_ratio(outcome.ratio)}"]
    told = (outcome.where, outcome.model, outcome.detail)
    remarks += [said for said in told if said]
    if outcome.diagnosis not in ("", outcome.model):
        remarks.append(outcome.diagnosis)
    actual, expected = worst.told
    return (
        f"{head}[{index}] = {actual}, expected {expected}"
        f" +/- {_short(worst.bound)} ({', '.join(remarks)})"
    )


def _short(value: Number | None) -> str:
    return f"{value:.9g}" if isinstance(value, float | int) else str(value)


def _ratio(value: Number | None) -> str:
    return f"{value:.3g}" if isinstance(value, float | int) else str(value)
