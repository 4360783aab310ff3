"""What a script expects: numbers where they are few, else a reference that computes them.

The reference adds one tap of the kernel after the other in NumPy's float64 (float64 cases: in
extended precision). It shares nothing with the harness' own oracle.
"""

from __future__ import annotations

import numpy as np

from convergent.backends.base import OPS, READS
from convergent.cases.dtypes import FORMATS
from convergent.harness.bounds import C0, LAMBDA
from convergent.harness.compare import Question
from convergent.harness.script import literal
from convergent.harness.script.draw import rounded
from convergent.harness.script.inputs import LITERAL
from convergent.harness.script.reference import reference


class Expectation:
    """What an op must give, as source; results are in the framework's layout."""

    def __init__(self, question: Question, axes: dict[str, tuple[int, ...]]) -> None:
        self._question, self._case, self._op = question, question.case, question.op
        self._order: list[int] = []
        for role in OPS[question.op]:
            first = len(self._order)
            self._order += [first + axis for axis in ((0,) if role == "b" else axes[role])]

    @property
    def is_literal(self) -> bool:
        """Whether a script holds the numbers."""
        golden = self._case.data.startswith("golden")
        return golden or self._question.stored.size <= LITERAL

    @property
    def reads(self) -> tuple[str, ...]:
        """The operands that the reference reads, as canonical arrays."""
        return () if self.is_literal else READS[self._op]

    def lines(self) -> list[str]:
        """Return the source of ``expected``, and of whatever says how far one may be from it."""
        return self._literals() if self.is_literal else self._computed()

    def check(self) -> list[str]:
        """Return the source that compares ``actual`` with ``expected``."""
        if not self._question.stored.size:
            return []
        limit = FORMATS[self._case.dtype].overflow
        found = []
        if self._overflows:
            found += [
                f"actual, expected = (np.clip(a, -{limit}, {limit}) for a in (actual, expected))"
            ]
        if self._question.expected.nan_too is not None:
            wrong = "(actual != expected) & ~(np.isnan(actual) & (np.isnan(expected) | nan_too))"
        elif self._question.exact:
            wrong = "actual != expected"
        else:
            wrong = "~(abs(actual - expected) <= bound)"
        found.append(f"wrong = {wrong}")
        if self._question.expected.minus_too is not None:
            found.append("wrong |= (actual == 0) & np.signbit(actual) & ~minus_too")
        return [
            *found,
            'with np.errstate(invalid="ignore"):',
            "    error = np.nan_to_num(abs(actual - expected), nan=np.inf)",
            "worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)",
            "assert not wrong.any(), (",
            '    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "',
            '    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"',
            '    f"\\nactual:\\n{actual}\\nexpected:\\n{expected}"',
            ")",
        ]

    @property
    def _overflows(self) -> bool:
        form, question = FORMATS[self._case.dtype], self._question
        if question.exact or self._case.data == "nonfinite":
            return False
        with np.errstate(invalid="ignore"):
            return bool((np.abs(question.expected.value) + question.bound > form.largest).any())

    def _literals(self) -> list[str]:
        question = self._question
        target = question.rounded if question.exact else question.expected.value
        found = _assigned("expected", literal.array(self._moved(target), "float64"))
        if not question.exact:
            bound = self._moved(question.bound)
            found += ["# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta."]
            found += _assigned("bound", literal.array(bound, "float64", rough=True))
        for name in ("nan_too", "minus_too"):
            mask = getattr(question.expected, name)
            if mask is not None:
                moved = self._moved(np.broadcast_to(mask, target.shape))
                found += _assigned(name, literal.array(moved, "bool"))
        return found

    def _moved(self, canonical: object) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        return np.asarray(canonical).transpose(self._order)

    def _computed(self) -> list[str]:
        case, question = self._case, self._question
        arguments = ", ".join(role.upper() for role in self.reads)
        if self._is_extended:
            wide = ", ".join(f"{role.upper()}.astype(np.longdouble)" for role in self.reads)
        else:
            wide = arguments
        found = [*reference(case, self._op), f"expected = reference({wide})"]
        if case.data == "nonfinite":
            found.insert(0, 'np.seterr(invalid="ignore")  # NaN is meant')
        if case.data == "overflow":
            found.insert(0, 'np.seterr(over="ignore")  # overflow is meant')
        move = self._move
        if question.exact:
            body = rounded("expected", case.dtype)
            found += [
                line.replace("values", "expected") for line in body if line != "values = expected"
            ]
        else:
            found += self._bound(arguments)
        found += self._masks()
        names = ["expected"]
        names += [] if question.exact else ["bound"]
        names += ["nan_too"] if question.expected.nan_too is not None else []
        names += ["minus_too"] if question.expected.minus_too is not None else []
        if move:
            found += [f"{name} = {name}{move}" for name in names]
        return found

    @property
    def _is_extended(self) -> bool:
        return self._case.dtype == "float64" and not self._question.exact

    @property
    def _move(self) -> str:
        plain = self._order == sorted(self._order)
        return "" if plain else f".transpose({', '.join(map(str, self._order))})"

    def _bound(self, arguments: str) -> list[str]:
        form = FORMATS[self._case.dtype]
        unit = FORMATS[form.accumulator].unit_roundoff
        names = arguments.split(", ")
        return [
            "# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.",
            f"magnitude = reference({', '.join(f'abs({name})' for name in names)})",
            f"terms = reference({', '.join(f'np.ones_like({name})' for name in names)})",
            f"bound = np.minimum(terms, {LAMBDA} * np.sqrt(terms) + {C0}) * {unit!r} * magnitude",
            f"bound += {form.unit_roundoff!r} * abs(expected) + terms * {form.eta!r}",
        ]

    def _masks(self) -> list[str]:
        expected = self._question.expected
        found = []
        if expected.nan_too is not None:
            if self._op == "backprop_filter":
                found += [
                    "# An infinity may meet the zeros of a padding, or not.",
                    "special = (~np.isfinite(DY)).astype(float)",
                    "met = reference(np.ones_like(X), special)",
                    f"nan_too = met < special.reshape(-1, {self._case.out_channels}).sum(axis=0)",
                ]
            else:
                found += ["nan_too = np.zeros(expected.shape, bool)"]
        if expected.minus_too is not None:
            a, b = (role.upper() for role in self.reads)
            found += [
                "# A sum of negative zeros alone may be one.",
                f"a, b = {a}, {b}",
                "terms = reference(np.ones_like(a), np.ones_like(b))",
                "zeros = terms - reference((a != 0) * 1.0, (b != 0) * 1.0)",
                "signs = reference(np.copysign(1.0, a), np.copysign(1.0, b))",
                "signs -= reference(np.sign(a), np.sign(b))",
                "minus_too = zeros - signs == 2 * terms",
            ]
        return found


def _assigned(name: str, array: list[str]) -> list[str]:
    return [f"{name} = {array[0]}", *array[1:]]
