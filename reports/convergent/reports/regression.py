"""The page of documented bugs, made from the suite ``regression``: ``python -m ...regression``."""

from __future__ import annotations

from collections import Counter

from convergent.cases import suites
from convergent.cases.bugs import KINDS, Bug
from convergent.cases.text import parse
from convergent.harness import ledger

_HEAD = """# Documented bugs of convolution

The suite `regression` asks again what once went wrong: each case has the shape of a bug that
somebody reported, with its kernel, stride, dilation, padding, groups, dtype and layout, of sizes no
larger than it needs. Run it with `convergent run --suite regression`.
This page is made from the suite: `python -m convergent.reports.regression > docs/regression.md`.
"""
_KNOWN = """## Of this project's ledger

What current versions get wrong and no other suite shows; [Findings](findings/index.md) tells of
each.
"""


def page(bugs: list[Bug]) -> str:
    """Return the page as Markdown: counts, a section per kind of bug, then the ledger's own."""
    examples = {parse(entry.example.rsplit("/", 1)[1]) for entry in ledger.load().entries}
    own = [bug for bug in bugs if bug.case in examples]
    reported = [bug for bug in bugs if bug.case not in examples]
    parts = [_HEAD, _counts(reported)]
    for kind, meaning in KINDS.items():
        if chosen := [bug for bug in reported if bug.kind == kind]:
            parts += [f"## {kind}\n\n{meaning[0].upper()}{meaning[1:]}.\n", _table(chosen)]
    return "\n".join([*parts, _KNOWN, _table(own)])


def _counts(bugs: list[Bug]) -> str:
    kinds = Counter(bug.kind for bug in bugs)
    projects = Counter(bug.project for bug in bugs)
    by_count = sorted(projects.items(), key=lambda item: (-item[1], item[0].lower()))
    return "\n".join(
        [
            f"{len(bugs)} bugs from the trackers of {len(projects)} projects: "
            + ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])
            + ".\n",
            "| project | bugs |\n| --- | --- |",
            *(f"| {project} | {count} |" for project, count in by_count),
            "",
        ]
    )


def _table(bugs: list[Bug]) -> str:
    rows = [
        f"| `{bug.case}` | {f'[{bug.project}]({bug.url})' if bug.project else bug.url} "
        f"| {bug.remark} |"
        for bug in bugs
    ]
    return "\n".join(["| case | reported | what went wrong |\n| --- | --- | --- |", *rows, ""])


if __name__ == "__main__":
    print(page(suites.documented("regression")), end="")  # noqa: T201 - a script's output
