"""A comparison for programs: every change, every group, every figure. ``docs/diff.md`` has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from convergent.harness import environment
from convergent.harness.diff import Change, Diff
from convergent.harness.diff.classify import KINDS, is_worse, lacks_api
from convergent.harness.diff.side import Side
from convergent.harness.outcome import Outcome
from convergent.reports.diff.clusters import Cluster
from convergent.reports.diff.page import Page, pair_of, repro

SCHEMA = 1


def document(page: Page, fail_on: Sequence[str], exit_code: int) -> str:
    """Return the comparison as one JSON object on indented lines."""
    d = page.diff
    content = {
        "schema": SCHEMA,
        "convergent": environment.version(),
        "exit_code": exit_code,
        "fail_on": list(fail_on),
        "headline": page.headline,
        "loud": list(page.loud),
        "warnings": list(page.warnings),
        "old": _side(d.old),
        "new": _side(d.new),
        "pairs": [
            {
                "old": p.old,
                "new": p.new,
                "loaded": {"old": p.identity.old, "new": p.identity.new},
                "likeness": p.identity.likeness,
                "lies": list(p.identity.lies),
                "differences": list(p.identity.differences),
                "counts": {kind: p.counts.get(kind, 0) for kind in KINDS},
            }
            for p in d.pairs
        ],
        "counts": {kind: d.counts[kind] for kind in KINDS},
        "groups": [_group(page, c) for section in page.sections for c in section.clusters],
        "changes": [_change(c) for c in d.changes],
        **_tables(d),
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _side(side: Side) -> dict[str, Any]:
    h = side.header
    return {
        "path": side.path,
        "started": h.started,
        "convergent": h.version,
        "suite": h.suite,
        "seed": h.seed,
        "plan": h.plan,
        "environment": h.environment,
        "variants": list(side.variants),
        "errors": side.errors,
        "short": side.short,
        "damaged": side.damaged,
    }


def _group(page: Page, c: Cluster) -> dict[str, Any]:
    pair, confirmed = pair_of(page.diff, c), page.confirmed.get(c.first.new.id)
    return {
        "kind": c.kind,
        "old_variant": c.old,
        "new_variant": c.new,
        "op": c.op,
        "method": c.method,
        "also": list(c.also),
        "before": c.before,
        "after": c.after,
        "checks": len(c.changes),
        "sentence": c.sentence,
        "case": c.first.old.case,
        "repro": {
            "old": repro(c.first.old, pair, "old"),
            "new": repro(c.first.new, pair, "new"),
        },
        "confirmed": None
        if confirmed is None
        else {"holds": confirmed.holds, "said": confirmed.said, "script": confirmed.script},
    }


def _change(c: Change) -> dict[str, Any]:
    return {
        "kind": c.kind,
        "old_variant": c.old.variant,
        "new_variant": c.new.variant,
        "op": c.old.op,
        "method": c.old.method,
        "case": c.old.case,
        "worse": is_worse(c.old, c.new),
        "before": _outcome(c.old),
        "after": _outcome(c.new),
    }


def _outcome(o: Outcome) -> dict[str, Any]:
    told = {
        "ratio": o.ratio,
        "question": o.question,
        "model": o.model,
        "diagnosis": o.diagnosis,
        "detail": o.detail,
        "known": o.known,
        "digest": o.digest,
    }
    found = {name: value for name, value in told.items() if value not in (None, "")}
    return {"verdict": o.verdict, **found, **({"api": "missing"} if lacks_api(o) else {})}


def _tables(d: Diff) -> dict[str, Any]:
    names = {"old_variant": "old", "new_variant": "new"}

    def rows(found: Sequence[Any], *fields: str) -> list[dict[str, Any]]:
        return [
            {name: getattr(row, names.get(name, name)) for name in (*names, *fields)}
            for row in found
        ]

    return {
        "drifts": rows(
            d.drifts, "key", "checks", "changed", "pairs", "factor", "p", "direction", "worst"
        ),
        "paces": rows(d.paces, "factor", "cases", "first"),
        "speeds": rows(
            d.speeds, "key", "pairs", "factor", "before", "after", "p", "direction"
        ),
        "only": [
            {"side": x.side, "variant": x.variant, "key": x.key, "checks": x.count,
             "reason": x.reason, "example": x.example}
            for x in d.lone
        ],
    }  # fmt: skip
