"""What every backend supports, method by method, and why not: the adapters' declarations as data.

Nothing is computed and no framework is imported: the records follow from ``Backend.gaps``,
``methods()``, ``modes`` and ``trait_words`` alone, the same declarations that make checks
unsupported. They are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from convergent.backends import contracts, registry
from convergent.backends.base import OPS, Backend, Gap, Method
from convergent.backends.modes import Mode
from convergent.cases.errors import UnknownMethod
from convergent.cases.record import record
from convergent.reports.support.cells import Cell, Judge, Note, features_of, gaps_of, notes_of

CONTRACT = "contract"
_EVERY = Method(op="*", name="*", function=lambda *_: None)  # stands for all methods of a backend


@record
class Row:
    """One method and what its gaps leave of it.

    ``cells`` holds the features of which it does not do all cases, ``always`` what gaps that need
    no feature leave of the whole method.
    """

    op: str
    name: str
    calls: str
    gaps: tuple[Gap, ...]
    always: Cell
    cells: Mapping[str, Cell]


@record
class Refusal:
    """An illegal call, and which ops of a backend must refuse it: no cell where none can be told.

    A cell that is not ``yes`` is a call that has no words or a meaning there; its note says which.
    """

    name: str
    reason: str
    cells: Mapping[str, Cell]


@record
class Sheet:
    """What one backend supports; ``features`` are those that its gaps name, in their usual order.

    ``rows`` hold all gaps of each method, ``own`` the same methods without the gaps that every
    method of the backend has, which ``shared`` holds. ``notes`` are those of the rows and refusals,
    numbered through all that the backend declares.
    """

    backend: str
    meaning: str
    features: tuple[str, ...]
    rows: tuple[Row, ...]
    own: tuple[Row, ...]
    shared: Row
    refusals: tuple[Refusal, ...]
    notes: tuple[Note, ...]
    modes: tuple[Mode, ...]
    variants: tuple[str, ...]
    traits: Mapping[str, str]

    @property
    def ops(self) -> tuple[str, ...]:
        """The ops that it has rows of."""
        return tuple(dict.fromkeys(row.op for row in self.rows))

    def of(self, op: str) -> tuple[Row, ...]:
        """Return the rows of ``op`` without what every method shares."""
        return tuple(row for row in self.own if row.op == op)


def sheets(names: Sequence[str] = (), ops: Sequence[str] = ()) -> list[Sheet]:
    """Return what the backends ``names`` support (all that are registered if there are none).

    Only ``ops`` if any are named. Raises ``UnknownBackend``, ``BackendUnavailable`` for an adapter
    that does not load, ``UnknownMethod`` for what is no op.
    """
    check_ops(ops)
    return [sheet(registry.get(name), ops) for name in dict.fromkeys(names or registry.names())]


def check_ops(ops: Iterable[str]) -> None:
    """Raise ``UnknownMethod`` if one of ``ops`` is none."""
    for op in ops:
        if op not in OPS:
            raise UnknownMethod(f"{op!r} is no op; the ops are {', '.join(OPS)}")


def sheet(backend: type[Backend], ops: Sequence[str] = ()) -> Sheet:
    """Return what one backend supports."""
    judge = Judge(notes=notes_of(backend.gaps), modes=backend.modes)
    every = {method: gaps_of(key, backend.gaps) for key, method in backend.methods().items()}
    asked = {m: gaps for m, gaps in every.items() if not ops or m.op in ops}
    legal = {m: gaps for m, gaps in asked.items() if m.op != CONTRACT}
    shared = _shared(backend.gaps, [g for m, g in every.items() if m.op != CONTRACT])
    shown = {gap for gaps in asked.values() for gap in gaps}
    features = features_of(shown)

    return Sheet(
        backend=backend.name,
        meaning=_first_line(backend.__doc__),
        features=features,
        rows=tuple(_row(method, gaps, features, judge) for method, gaps in legal.items()),
        own=tuple(
            _row(method, tuple(gap for gap in gaps if gap not in shared), features, judge)
            for method, gaps in legal.items()
        ),
        shared=_row(_EVERY, shared, features, judge),
        refusals=_refusals({m.name: g for m, g in asked.items() if m.op == CONTRACT}, judge),
        notes=tuple(note for note in judge.notes if not shown.isdisjoint(note.gaps)),
        modes=backend.modes,
        variants=tuple(f"{backend.name}:{w}" if w else backend.name for w in backend.variants),
        traits=dict(backend.trait_words),
    )


def _shared(gaps: Iterable[Gap], methods: Sequence[Sequence[Gap]]) -> tuple[Gap, ...]:
    """Return the gaps that each of several methods has."""
    if len(methods) == 1:
        return ()
    return tuple(gap for gap in gaps if all(gap in own for own in methods))


def together(sheet: Sheet, row: Row, features: Iterable[str]) -> Cell | None:
    """Return what a method does of the cases with all ``features``; ``None`` if no case has."""
    return Judge(notes=sheet.notes, modes=sheet.modes).together(row.gaps, features)


def _row(method: Method, gaps: tuple[Gap, ...], features: Iterable[str], judge: Judge) -> Row:
    cells = {word: judge.of_feature(gaps, word) for word in features}
    return Row(
        op=method.op,
        name=method.name,
        calls=_first_line(method.function.__doc__),
        gaps=gaps,
        always=judge.of_all(gaps),
        cells={word: cell for word, cell in cells.items() if cell.support != "yes"},
    )


def _refusals(calls: Mapping[str, Sequence[Gap]], judge: Judge) -> tuple[Refusal, ...]:
    """Return the illegal calls, given as the methods of ``contract`` and their gaps."""
    reasons: dict[str, str] = {}
    cells: dict[str, dict[str, Cell]] = {}
    for breach in contracts.TABLE:
        for op in breach.ops:
            gaps = calls.get(f"{op}_{breach.name}")
            if gaps is not None:
                reasons.setdefault(breach.name, breach.reason)
                cells.setdefault(breach.name, {})[op] = judge.of_call(gaps)
    return tuple(Refusal(name=n, reason=reasons[n], cells=found) for n, found in cells.items())


def _first_line(text: str | None) -> str:
    return next(iter((text or "").strip().splitlines()), "")
