"""Whether arrays come back from a framework as they went in: dtypes, layouts, memory, axes.

``python -m convergent.harness.worker.travel VARIANT`` writes a line for every fault; it runs where
the variant's worker would, for it loads the framework.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import numpy as np

from convergent.backends import registry
from convergent.backends.base import Backend, Tensors
from convergent.backends.variant import Variant
from convergent.cases import data
from convergent.cases.case import DTYPES, LAYOUTS, MAX_DIMS, MEMORY, Case
from convergent.cases.data import Operands

ROLES = ("x", "w", "y")
_OPS = ("conv", "backprop_input", "backprop_filter", "transpose")


def cases() -> Iterator[Case]:
    """Yield a case of every number of dimensions, dtype, layout and place in memory."""
    for dims, dtype, layout, memory in itertools.product(
        range(1, MAX_DIMS + 1), DTYPES, LAYOUTS, MEMORY
    ):
        yield Case(
            input=(5, 4, 6)[:dims],
            kernel=(2, 3, 1)[:dims],
            batch=2,
            in_channels=4,
            out_channels=6,
            groups=2,
            dtype=dtype,
            layout=layout,
            memory=memory,
            data="normal",
        )


def faults(name: str) -> Iterator[str]:
    """Yield what is wrong, a line each. Raises what loading the framework raises."""
    asked = registry.variant(name)
    backend = asked.backend()
    backend.enable(frozenset(mode.name for mode in asked.modes))
    for case in cases():
        for said in _of_case(asked, backend, case):
            yield f"{name} {case}: {said}"


def _of_case(asked: Variant, backend: Backend, case: Case) -> Iterator[str]:
    operands, orders = data.make(case), {r: backend.axes(r, case) for r in ROLES}
    for role, order in orders.items():
        if sorted(order) != list(range(case.dims + 2)):
            yield f"axes({role!r}) is {order}, no order of {case.dims + 2} axes"
            return
    try:
        tensors = backend.tensors(case, operands)
    except Exception as error:  # noqa: BLE001 - whatever a framework may raise
        if able := _able(asked, case):
            yield f"{able} is declared to do it, but enter() raised {error!r}"
        return
    yield from _back(backend, case, operands, tensors)


def _able(asked: Variant, case: Case) -> str:
    """Return a method without a gap for the case, if there is one."""
    keys = (key for key, method in asked.methods().items() if method.op in _OPS)
    return next((key for key in keys if asked.gap(key, case) is None), "")


def _back(backend: Backend, case: Case, operands: Operands, tensors: Tensors) -> Iterator[str]:
    for role, given, tensor in zip(ROLES, operands, tensors):
        array, dtype = backend.leave(tensor)
        sent = given.transpose(backend.axes(role, case))
        if dtype != case.dtype:
            yield f"{role} left as {dtype}"
        elif array.shape != sent.shape:
            yield f"{role} of shape {sent.shape} left with the shape {array.shape}"
        elif np.ascontiguousarray(array).tobytes() != np.ascontiguousarray(sent).tobytes():
            yield f"{role} left with other bits than it entered with"


def main(argv: list[str]) -> int:
    """Write the faults of the variant that ``argv`` names; the exit status says if there are."""
    found = list(faults(*argv))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
