"""Which methods do one case on this machine, and why the others do not."""

from __future__ import annotations

from collections.abc import Sequence

from convergent.backends import registry
from convergent.backends.base import OPS, Gap
from convergent.cases.case import Case
from convergent.cases.record import record
from convergent.harness.referee import asks
from convergent.reports.support import check_ops


@record
class Answer:
    """What one variant does of a case: each ``op/method`` with the gap that keeps it from it.

    ``traits`` are those of this machine and the variant's modes; ``unasked`` are the ops that a
    case of its kind of data, memory or size is never asked.
    """

    variant: str
    traits: tuple[str, ...]
    methods: tuple[tuple[str, str, Gap | None], ...]
    unasked: tuple[str, ...]

    @property
    def ops(self) -> tuple[str, ...]:
        """The ops that are asked."""
        return tuple(dict.fromkeys(op for op, _, _ in self.methods))


def answers(case: Case, names: Sequence[str] = (), ops: Sequence[str] = ()) -> list[Answer]:
    """Return what the variants ``names`` do of ``case`` (all backends if there are none).

    Raises ``UnknownBackend`` for a backend or a mode that is none, ``UnknownMethod`` for such an
    op.
    """
    check_ops(ops)
    return [_answer(case, name, ops) for name in dict.fromkeys(names or registry.names())]


def _answer(case: Case, name: str, ops: Sequence[str]) -> Answer:
    variant = registry.variant(name)
    methods = [m for m in variant.methods().values() if not ops or m.op in ops]
    there = {m.op for m in methods}
    return Answer(
        variant=variant.name,
        traits=tuple(sorted(variant.traits)),
        methods=tuple(
            (m.op, m.name, variant.gap(m.key, case)) for m in methods if asks(case, m.op)
        ),
        unasked=tuple(op for op in OPS if op in there and not asks(case, op)),
    )
