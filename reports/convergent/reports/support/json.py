"""What every backend supports, for programs. ``docs/support.md`` documents the fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from convergent.backends.base import Gap
from convergent.cases.case import DTYPES, Case
from convergent.cases.features import FEATURES, features
from convergent.cases.words import in_words
from convergent.reports.support import Refusal, Row, Sheet, together
from convergent.reports.support.case import Answer
from convergent.reports.support.cells import Cell

ANY = "any"
_DEEP = 4  # levels of a document that have lines of their own
COLUMNS = ("backend", "op", "method", "feature", "dtype", "support", "reasons")


def document(sheets: Sequence[Sheet]) -> str:
    """Return all that the tables show, and the rows of feature and dtype together."""
    used = {word for sheet in sheets for word in sheet.features}
    head = {
        "features": {word: said for word, (said, _) in FEATURES.items() if word in used},
        "backends": {sheet.backend: _backend(sheet) for sheet in sheets},
    }
    rows = {"columns": COLUMNS, "data": [row for sheet in sheets for row in _rows(sheet)]}
    return _text({**head, "rows": rows}) + "\n"


def of_case(case: Case, answers: Iterable[Answer]) -> str:
    """Return which methods do one case here, and the gap of each that does not."""
    found = {
        "case": str(case),
        "meaning": in_words(case),
        "features": [word for word in FEATURES if word in features(case)],
        "variants": {answer.variant: _answer(answer) for answer in answers},
    }
    return _text(found) + "\n"


def _text(value: Any, depth: int = 0) -> str:
    """Return ``value`` as JSON that a person can read: what lies deep is one line."""
    plain = isinstance(value, list) and not isinstance(value[0] if value else "", dict | list)
    if depth == _DEEP or plain or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False)
    indent, last = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, list):
        return f"[{','.join(indent + _text(item, depth + 1) for item in value)}{last}]"
    items = (f"{indent}{json.dumps(k)}: {_text(item, depth + 1)}" for k, item in value.items())
    return f"{{{','.join(items)}{last}}}"


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "traits": answer.traits,
        "methods": [
            {"op": op, "method": name, "does": gap is None, **(_why(gap) if gap else {})}
            for op, name, gap in answer.methods
        ],
        "unasked": answer.unasked,
    }


def _why(gap: Gap) -> dict[str, Any]:
    return {"reason": gap.reason, "kind": gap.kind, "raises": gap.raises, **_conditions(gap)}


def _conditions(gap: Gap) -> dict[str, Any]:
    return {"when": gap.when, "unless": gap.unless}


def _backend(sheet: Sheet) -> dict[str, Any]:
    return {
        "meaning": sheet.meaning,
        "methods": [_method(row) for row in sheet.rows],
        "refusals": [_refusal(refusal) for refusal in sheet.refusals],
        "reasons": [
            {
                "number": note.number,
                "reason": note.reason,
                "kind": note.kind,
                "raises": note.raises,
                "gaps": [{"methods": gap.methods, **_conditions(gap)} for gap in note.gaps],
            }
            for note in sheet.notes
        ],
        "modes": [
            {
                "mode": mode.name,
                "meaning": mode.meaning,
                "sets": dict(mode.environment),
                "needs": mode.needs,
                "group": mode.group,
            }
            for mode in sheet.modes
        ],
        "variants": sheet.variants,
        "traits": dict(sheet.traits),
    }


def _method(row: Row) -> dict[str, Any]:
    return {
        "op": row.op,
        "method": row.name,
        "calls": row.calls,
        "all_cases": _cell(row.always),
        "features": {word: _cell(found) for word, found in row.cells.items()},
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    cells = {op: _cell(found) for op, found in refusal.cells.items()}
    return {"call": refusal.name, "reason": refusal.reason, "ops": cells}


def _cell(found: Cell) -> dict[str, Any]:
    return {"support": found.support, "reasons": found.notes}


def _rows(sheet: Sheet) -> Iterator[list[Any]]:
    """Yield a row for each method, feature and dtype together that is not fully supported."""
    words = [ANY, *(word for word in sheet.features if word not in DTYPES)]
    for row in sheet.rows:
        for word in words if row.gaps else ():
            for dtype in DTYPES:
                asked = (dtype,) if word == ANY else (word, dtype)
                found = together(sheet, row, asked)
                if found and found.support != "yes":
                    where = [sheet.backend, row.op, row.name, word, dtype]
                    yield [*where, found.support, list(found.notes)]
