"""A run's figures and findings as one JSON document.

Its schema is ``docs/summary.schema.json``, made from the classes here:
``python -m convergent.reports.formats.json > docs/summary.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from convergent.harness.outcome import Number, number
from convergent.harness.record import encoded
from convergent.reports.formats.page import Page, Word
from convergent.reports.groups import Group
from convergent.reports.summary import Summary
from convergent.reports.tally import Tally
from convergent.reports.wording import headline, sentence

SCHEMA = 1


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many checks came to what: ``findings`` by verdict, ``ratio`` the worst error ratio.

    ``seconds`` is the time inside framework calls, ``median`` that of a first call.
    """

    checked: int
    agrees: int
    unsupported: int
    known: int
    findings: dict[str, int]
    ratio: Number | None
    seconds: float
    median: float | None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of one method of one op."""

    op: str
    method: str
    counts: Counts


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A variant: what it loaded, why it could not be run (or empty), and its checks."""

    name: str
    loaded: dict[str, Any]
    error: str
    counts: Counts | None
    cells: list[Cell]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A group of ``checks`` that are alike but for the case; ``case`` is the smallest.

    ``sentence`` and ``plain`` tell of it, ``repro`` runs it again; ``known`` is the reason where
    the ledger or the baseline allows it.
    """

    variant: str
    op: str
    method: str
    verdict: str
    model: str
    diagnosis: str
    known: str
    ratio: Number | None
    checks: int
    case: str
    sentence: str
    plain: str
    repro: str


class Document(msgspec.Struct, frozen=True, kw_only=True, tag="summary"):
    """A run. A later ``schema`` is one that a reader of this one cannot take."""

    schema: int = SCHEMA
    version: str
    verdict: Word
    headline: str
    suite: str
    seed: int
    shard: str
    argv: list[str]
    started: str
    finished: str
    wall: float | None
    planned: int
    done: int
    complete: bool
    interrupted: bool
    out_of_time: bool
    total: Counts
    variants: list[Side]
    findings: list[Finding]
    known: list[Finding]
    stale: list[str]
    environment: dict[str, Any]


def render(page: Page) -> Iterator[str]:
    """Yield the document."""
    yield msgspec.json.format(encoded(document(page)).decode(), indent=2) + "\n"


def document(page: Page) -> Document:
    """Return what is written of ``page``."""
    s, header, end = page.summary, page.run.header, page.run.end
    return Document(
        version=header.version,
        verdict=page.word,
        headline=headline(s),
        suite=header.suite,
        seed=header.seed,
        shard=s.shard,
        argv=header.argv,
        started=header.started,
        finished=end.finished if end else "",
        wall=end.wall if end else None,
        planned=s.planned,
        done=s.done,
        complete=s.complete,
        interrupted=s.interrupted,
        out_of_time=s.out_of_time,
        total=_counts(s.total),
        variants=[_side(name, page, s) for name in s.variants],
        findings=[_finding(g) for g in s.findings],
        known=[_finding(g) for g in s.known],
        stale=list(s.stale),
        environment=header.environment,
    )


def schema() -> str:
    """Return the JSON Schema of the document, as text."""
    return json.dumps(msgspec.json.schema(Document), indent=2) + "\n"


def _side(name: str, page: Page, s: Summary) -> Side:
    loaded = page.run.variants.get(name)
    return Side(
        name=name,
        loaded=loaded.loaded if loaded else {},
        error=next((m.error for m in s.missing if m.variant == name), ""),
        counts=_counts(s.by_variant[name]) if name in s.by_variant else None,
        cells=[
            Cell(op=op, method=method, counts=_counts(s.cells[name, op, method]))
            for op, methods in s.methods.items()
            for method in methods
            if (name, op, method) in s.cells
        ],
    )


def _counts(t: Tally) -> Counts:
    return Counts(
        checked=t.checked,
        agrees=t.agrees,
        unsupported=t.unsupported,
        known=t.known,
        findings=dict(t.findings),
        ratio=None if t.ratio is None else number(t.ratio),
        seconds=t.seconds,
        median=t.median,
    )


def _finding(g: Group) -> Finding:
    return Finding(
        variant=g.variant,
        op=g.op,
        method=g.method,
        verdict=g.verdict,
        model=g.model,
        diagnosis=g.diagnosis,
        known=g.known,
        ratio=None if g.ratio is None else number(g.ratio),
        checks=len(g.outcomes),
        case=g.first.case,
        sentence=g.first.sentence,
        plain=sentence(g),
        repro=g.first.repro,
    )


if __name__ == "__main__":
    print(schema(), end="")  # noqa: T201 - a script's output
