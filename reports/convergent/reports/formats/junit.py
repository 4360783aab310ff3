"""A run as JUnit XML, as Jenkins, GitLab and Maven's Surefire have it.

A suite per variant, a test per check. The vocabulary is that of Jenkins' xUnit plugin
(https://github.com/jenkinsci/xunit-plugin, ``junit-10.xsd``), which pytest writes too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

from convergent.harness.outcome import Outcome
from convergent.harness.record import Run
from convergent.reports.formats.escape import attribute, xml
from convergent.reports.formats.page import Page
from convergent.reports.html import flatten

_IN_MEMORY = 1 << 20  # bytes of a suite; what is more lies on the disk until its turn
_READ = 1 << 18
_ERRORS = frozenset({"raised", "crashed", "timed_out"})  # no result; others are wrong results


class _Suite:
    """The tests of one variant as they are found: JUnit wants their number before them."""

    def __init__(self, name: str) -> None:
        self.name, self.time = name, 0.0
        self.tests = self.failures = self.errors = self.skipped = 0
        self._body: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by close()
            _IN_MEMORY, "w+", encoding="utf-8", errors="backslashreplace", newline=""
        )

    def add(self, place: str, name: str, inside: str = "", seconds: float = 0.0) -> None:
        """Add a test; ``inside`` is what it came to, as XML, where it did not pass."""
        self.tests += 1
        self.time += seconds
        self.failures += inside.startswith("<failure")
        self.errors += inside.startswith("<error")
        self.skipped += inside.startswith("<skipped")
        head = f"<testcase classname={attribute(place)} name={attribute(name)}"
        tail = f">{inside}</testcase>\n" if inside else "/>\n"
        self._body.write(f'{head} time="{seconds:.6f}"{tail}')

    def body(self) -> Iterator[str]:
        """Yield the tests."""
        self._body.seek(0)
        while part := self._body.read(_READ):
            yield part

    def close(self) -> None:
        """Give back what holds the tests."""
        self._body.close()


class _Suites(dict[str, _Suite]):
    """The suites by name, each made when it is first asked for."""

    def __missing__(self, name: str) -> _Suite:
        return self.setdefault(name, _Suite(name))


def render(page: Page) -> Iterator[str]:
    """Yield the document; the outcomes are read once."""
    suites = _Suites()
    try:
        _fill(suites, page.run)
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield _head(list(suites.values()))
        for suite in suites.values():
            yield from _suite(suite, page.run)
        yield "</testsuites>\n"
    finally:
        for suite in suites.values():
            suite.close()


def _head(suites: list[_Suite]) -> str:
    tests, failures, errors, time = (
        sum(getattr(suite, name) for suite in suites)
        for name in ("tests", "failures", "errors", "time")
    )
    return (
        f'<testsuites name="convergent" tests="{tests}" failures="{failures}" errors="{errors}"'
        f' time="{time:.3f}">\n'
    )


def _fill(suites: _Suites, run: Run) -> None:
    for o in run.outcomes:
        suites[o.variant].add(
            f"{o.variant}.{o.op}", f"{o.method}/{o.case}", _said(o), o.seconds + o.again
        )
    for name, variant in run.variants.items():
        if variant.error:
            error = f'<error type="not run" message={attribute(variant.error)}/>'
            suites[name].add(name, "start", error)
    for line in run.end.stale if run.end else ():
        error = f'<failure type="stale" message={attribute(line)}/>'
        suites["known.toml"].add("known.toml", line, error)


def _said(o: Outcome) -> str:
    """Return what a check came to as XML; nothing if it agrees."""
    if o.verdict == "agrees":
        return ""
    if o.verdict == "unsupported":
        return f'<skipped type="unsupported" message={attribute(o.detail)}/>'
    if o.known:
        return f'<skipped type="known" message={attribute(o.known)}>{xml(o.sentence)}</skipped>'
    tag = "error" if o.verdict in _ERRORS else "failure"
    said = f"{xml(o.sentence)}\n{xml(o.repro)}"
    return f'<{tag} type="{xml(o.verdict)}" message={attribute(o.sentence)}>{said}</{tag}>'


def _suite(suite: _Suite, run: Run) -> Iterator[str]:
    yield (
        f"<testsuite name={attribute(suite.name)}"
        f' tests="{suite.tests}" failures="{suite.failures}" errors="{suite.errors}"'
        f' skipped="{suite.skipped}" time="{suite.time:.3f}"'
        f" timestamp={attribute(run.header.started[:19])}>\n<properties>\n"
    )
    loaded = run.variants[suite.name].loaded if suite.name in run.variants else {}
    for name, value in (_about(run) | flatten(loaded)).items():
        yield f"<property name={attribute(name)} value={attribute(value)}/>\n"
    yield "</properties>\n"
    yield from suite.body()
    yield "</testsuite>\n"


def _about(run: Run) -> dict[str, str]:
    said = {
        "convergent": run.header.version,
        "suite": run.header.suite,
        "seed": str(run.header.seed),
        "shard": run.header.shard,
        "planned": str(run.header.checks),
        "interrupted": "" if run.end and not run.end.interrupted else "yes",
    }
    return {name: value for name, value in said.items() if value}
