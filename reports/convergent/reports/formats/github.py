"""A run for GitHub Actions: annotations, the step's summary and its outputs.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; GitHub shows
ten annotations of each level per step and refuses a step's summary of more than 1 MiB.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from convergent.reports.formats import markdown
from convergent.reports.formats.escape import cut, message, parameter
from convergent.reports.formats.page import Page
from convergent.reports.groups import Group, alike
from convergent.reports.terminal import plain
from convergent.reports.wording import counted, headline, many, word

MOST = 10
"""Annotations of one level that GitHub shows of a step."""

MOST_BYTES = 1 << 20
"""What GitHub takes as the summary of a step."""

_LONGEST = 2_000  # characters of a sentence
_MILD = frozenset({"degraded", "mistrusted"})


def render(page: Page) -> Iterator[str]:
    """Yield workflow commands, worst first, and how many there would be more of."""
    s = page.summary
    errors = [(f"{m.variant} could not be run", _lines(m.error, m.remedy)) for m in s.missing]
    errors += [("The ledger no longer holds", _lines(line)) for line in s.stale]
    warnings: list[tuple[str, str]] = []
    for joined in alike(s.findings):
        (warnings if joined[0].verdict in _MILD else errors).append(_finding(joined))
    yield from _annotations("error", errors)
    yield from _annotations("warning", warnings)
    yield from _annotations("notice", [("convergent", _answer(page))])


def tell(page: Page, environment: Mapping[str, str] = os.environ) -> None:
    """Append to the step's summary and outputs, where GitHub says that these are."""
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), "".join(_summary(page, Path(summary))))
    if output := environment.get("GITHUB_OUTPUT"):
        _append(Path(output), "".join(_output(name, said) for name, said in outputs(page).items()))


def outputs(page: Page) -> dict[str, str]:
    """Return the outputs of the step by name: the verdict, the counts and where the files lie."""
    s, total = page.summary, page.summary.total
    return {
        "verdict": page.word,
        "headline": plain(headline(s)),
        "planned": str(s.planned),
        "checked": str(total.checked),
        "agrees": str(total.agrees),
        "findings": str(total.found),
        "known": str(total.known),
        "unsupported": str(total.unsupported),
        "run": page.run.path,
        "report": str(page.report or ""),
    }


def _finding(joined: tuple[Group, ...]) -> tuple[str, str]:
    found, *others = joined
    more = len(found.outcomes) - 1
    title = f"{word(found.verdict)}: {found.variant} {found.key}"
    said = [cut(plain(found.first.sentence), _LONGEST)]
    if more:
        said.append(f"and {many(more, 'more case')}")
    if others:
        said.append(f"the same by {', '.join(g.method for g in others[:MOST])}")
    return title, _lines(*said, found.first.repro)


def _lines(*lines: str) -> str:
    """Return what is to be said with its own line breaks: those of a run file are written out."""
    return "\n".join(plain(line) for line in lines if line)


def _annotations(level: str, said: list[tuple[str, str]]) -> Iterator[str]:
    for title, text in said[:MOST]:
        yield f"::{level} title={parameter(cut(plain(title), 200))}::{message(text)}\n"
    if len(said) > MOST:
        yield f"... and {many(len(said) - MOST, f'more {level}')}; see the summary\n"


def _answer(page: Page) -> str:
    s = page.summary
    return plain(headline(s)) + (f" {counted(s.total.findings)}." if s.findings else "")


def _summary(page: Page, path: Path) -> Iterator[str]:
    """Yield the summary, in the room that earlier commands of the step have left."""
    used = path.stat().st_size if path.exists() else 0
    return markdown.render(page, MOST_BYTES - used - 1)


def _output(name: str, value: str) -> str:
    mark = f"end-{uuid.uuid4()}"  # no value can end itself and begin another
    return f"{name}<<{mark}\n{value}\n{mark}\n"


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(text)
