"""A run's findings as SARIF 2.1.0, for code scanning and editors.

A rule per op, method and verdict; a result per group of findings. Code scanning refuses a result
without a file, and no line of the repository computes these: the file is the workflow that asked
for the run, where the frameworks' versions stand and a path that does not change
(``GITHUB_WORKFLOW_REF``), or else the run file. What the result is of stands in its logical
location.

Known divergences are left out: code scanning would open an alert for each, suppressed or not.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html,
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from convergent.backends import registry
from convergent.reports.formats.escape import cut
from convergent.reports.formats.page import Page
from convergent.reports.groups import Group
from convergent.reports.terminal import plain
from convergent.reports.wording import headline, many, sentence, word

MOST_RESULTS = 5_000
"""What code scanning shows of a run; it refuses more than 25,000, and 10 MB when compressed."""

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LONGEST = 800  # characters of a text: 5,000 results stay below 10 MB even if these are noise
_MILD = frozenset({"degraded", "mistrusted"})
_HELP = {
    "differs": "The result is outside the bound that is derived for its dtype and shape, or has a"
    " wrong shape or dtype, or other bits the next time.",
    "degraded": "The result is less precise than its dtype allows; a wider bound explains it.",
    "raised": "The framework raised an exception where a result is due.",
    "crashed": "The process of the framework ended.",
    "timed_out": "The framework gave no answer within the time limit.",
    "mistrusted": "The data could not have shown an error.",
}


def render(page: Page) -> Iterator[str]:
    """Yield the log."""
    s = page.summary
    groups = s.findings[:MOST_RESULTS]
    rules = {rule: number for number, rule in enumerate(dict.fromkeys(map(_rule_id, groups)))}
    by_rule = {_rule_id(g): g for g in groups}
    place = _place(page, os.environ)
    run = {
        "tool": {
            "driver": {
                "name": "convergent",
                "version": _text(page.run.header.version),
                "rules": [_rule(by_rule[rule]) for rule in rules],
            }
        },
        "automationDetails": {"id": f"convergent/{_text(page.run.header.suite)}/"},
        "invocations": [_invocation(page)],
        "results": [_result(g, rules[_rule_id(g)], place) for g in groups],
        "properties": {
            "headline": _text(headline(s)),
            "leftOut": len(s.findings) - len(groups),
            "known": s.total.known,
        },
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule_id(g: Group) -> str:
    return _text(f"{g.key}/{g.verdict}")


def _rule(g: Group) -> dict[str, Any]:
    name = f"{_text(g.key)} {word(g.verdict)}"
    means = _HELP.get(g.verdict, "")
    see = "https://pypi.org/project/convergent/"
    return {
        "id": _rule_id(g),
        "name": name,
        "shortDescription": {"text": name},
        "fullDescription": {"text": means},
        "help": {"text": f"{means} The repro line of a result runs its check again. {see}"},
        "defaultConfiguration": {"level": _level(g)},
        "properties": {"tags": list(dict.fromkeys(("convolution", _text(g.op), g.verdict)))},
    }


def _level(g: Group) -> str:
    return "warning" if g.verdict in _MILD else "error"


def _result(g: Group, rule: int, place: str) -> dict[str, Any]:
    o = g.first
    name = _text(f"{g.variant}/{g.key}")
    more = f" And {many(len(g.outcomes) - 1, 'more case')}." if len(g.outcomes) > 1 else ""
    mark = _fingerprint(g)
    return {
        "ruleId": _rule_id(g),
        "ruleIndex": rule,
        "level": _level(g),
        "kind": "fail",
        "message": {"text": f"{name}: {_text(sentence(g))}{more}\n{_text(o.repro)}"},
        "occurrenceCount": len(g.outcomes),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "function"}],
            }
        ],
        # Code scanning compares the first name alone; the second is what it means.
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:1", "finding/v1": mark},
        "properties": {
            "variant": _text(g.variant),
            "case": _text(o.case),
            "repro": _text(o.repro),
            "ratio": None if o.ratio is None else str(o.ratio),
        },
    }


def _fingerprint(g: Group) -> str:
    """Return what stays the same in other runs: neither versions, nor figures, nor cases."""
    what = (registry.plain(g.variant), g.op, g.method, g.verdict, g.model, g.diagnosis)
    return hashlib.blake2b("\0".join(what).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _invocation(page: Page) -> dict[str, Any]:
    s = page.summary
    said = [(m.variant, f"{m.variant} could not be run: {m.error}") for m in s.missing]
    said += [("known.toml", line) for line in s.stale]
    return {
        "executionSuccessful": s.complete,
        "toolExecutionNotifications": [
            {"descriptor": {"id": _text(name)}, "level": "error", "message": {"text": _text(text)}}
            for name, text in said
        ],
    }


def _place(page: Page, environment: Mapping[str, str]) -> str:
    """Return the file that results are shown at, from the repository's root.

    ``GITHUB_WORKFLOW_REF`` is ``owner/repository/path@ref``.
    """
    parts = environment.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].split("/", 2)
    path = parts[-1] if len(parts) > 2 else PurePath(page.run.path).name  # noqa: PLR2004
    return quote(plain(path))


def _text(text: str) -> str:
    return cut(plain(text), _LONGEST)
