"""What a planted fault is, and the list of them all: ``faults.load()``.

A fault of arithmetic is a pure function ``compute(case, op, operands) -> result``: canonical
arrays ``x (N, *input, C)``, ``w (*kernel, C/G, O)``, ``dy (N, *output, O)``, stored as the case's
dtype (bfloat16 as bits in uint16), and so is the result. Any rule can judge it, without a harness::

    from mutation import faults                       # with benchmarks/ on the path
    fault = faults.load()["pads_swapped"]
    actual = fault(case, "conv", operands)            # wrong
    right = correct.compute(case, "conv", operands)   # right

A fault of state is a function ``compute(state, case, op, operands)`` where ``state`` is a
dictionary that lives as long as the process. Some faults abort it, sleep for an hour or change
operands (``fault.effect``). A fault of refusal names the checks of its arguments that are left out.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any

from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array
from mutation import correct

INDEXING, PADDING, STRIDES, GROUPS = "indexing", "padding", "stride/dilation", "groups"
CHANNELS, BATCH, PRECISION = "channels", "batch", "precision"
ACCUMULATION, MEMORY, SHAPES = "accumulation", "memory", "dtype/shape"
SPECIAL, PROCESS, STATE = "special values", "crash/hang", "state between calls"
CLASSES = (
    INDEXING, PADDING, STRIDES, GROUPS, CHANNELS, BATCH, PRECISION, ACCUMULATION, MEMORY, SHAPES,
    SPECIAL, PROCESS, STATE,
)  # fmt: skip
"""The classes, in the order of the table."""

_MODULES = (
    "indexing", "padding", "strides", "groups", "channels", "batch", "precision", "accumulation",
    "memory", "shapes", "special", "process", "state",
)  # fmt: skip

_LISTED: dict[str, Fault] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """One planted fault.

    ``ops`` are those it may spoil; of others the result is right. ``says`` are the causes (or
    models) any of which is a right diagnosis; without, no diagnosis can know better than
    ``unexplained``. ``shown_in`` is a case, and ``shown_by`` the op, whose result it spoils;
    ``given`` makes of the case's operands those that show it, where no data of a case do.
    ``effect`` says what besides numbers it does (``state``: needs a dictionary; ``input``: writes
    to operands; ``ends``: raises, ends or stops the process; ``memory``: depends on what memory
    held; ``view``: shows on views such as ``memory.laid`` makes; ``refusal``: ``lenient`` names the
    checks of arguments that are left out, the result of a legal call is right). ``equivalent``
    says why nobody could tell, if so; ``unseen`` why the suites do not show it.
    """

    name: str
    kind: str
    sentence: str
    ops: tuple[str, ...]
    compute: Callable[..., Array]
    says: tuple[str, ...] = ()
    shown_in: str = ""
    effect: str = ""
    lenient: tuple[str, ...] = ()
    given: Callable[[Operands], Operands] = lambda operands: operands
    equivalent: str = ""
    unseen: str = ""

    @property
    def is_pure(self) -> bool:
        """Whether it is a function of its arguments that only returns a (wrong) result."""
        return self.effect == ""

    @property
    def shown_by(self) -> str:
        """The op whose result differs on ``shown_in``."""
        return self.ops[0]

    def __call__(
        self, case: Case, op: str, operands: Operands, state: dict[str, Any] | None = None
    ) -> Array:
        """Return what the mutant gives; what the fault does not touch is right."""
        if op not in self.ops or self.effect == "refusal":
            return correct.compute(case, op, operands)
        if self.effect == "state":
            return self.compute({} if state is None else state, case, op, operands)
        return self.compute(case, op, operands)


_F = Callable[..., Array]


def fault(
    kind: str, sentence: str, ops: tuple[str, ...], shown_in: str, **more: Any
) -> Callable[[_F], _F]:
    """List the decorated function as a fault under its own name."""

    def listed(function: _F) -> _F:
        name = function.__name__
        if name in _LISTED:
            raise ValueError(f"two faults are called {name}")
        _LISTED[name] = Fault(
            name=name, kind=kind, sentence=sentence, ops=ops, compute=function,
            shown_in=shown_in, **more,
        )  # fmt: skip
        return function

    return listed


def load() -> dict[str, Fault]:
    """Return every fault by its name, in the order of the classes."""
    for module in _MODULES:
        importlib.import_module(f"mutation.{module}")
    return dict(sorted(_LISTED.items(), key=lambda item: CLASSES.index(item[1].kind)))
