"""One check as an item of pytest, answered by a worker that stays for the next."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from convergent.cases.errors import BackendUnavailable, ConvergentError
from convergent.harness.ask import Asker
from convergent.harness.ledger import Entry, Ledger
from convergent.harness.outcome import Outcome
from convergent.harness.pytest_plugin import NODE
from convergent.harness.pytest_plugin.checks import Check
from convergent.harness.pytest_plugin.settle import settle, stale


class Answers:
    """The outcomes of this process' checks; its workers start with the first and end with it."""

    def __init__(self, ledger: Ledger, timeout: float) -> None:
        self._ledger, self._timeout = ledger, timeout
        self._asker: Asker | None = None
        self._unavailable: dict[str, BackendUnavailable] = {}

    def __call__(self, check: Check) -> tuple[Outcome, list[Entry]]:
        """Return the outcome, and the entries of the ledger that it shows to be stale.

        Raises ``BackendUnavailable`` for a framework that does not load; it is tried once.
        """
        if check.variant in self._unavailable:
            raise self._unavailable[check.variant]
        if self._asker is None:
            crowded = "PYTEST_XDIST_WORKER" in os.environ
            self._asker = Asker(self._timeout, self._ledger, crowded=crowded)
        before = len(self._ledger.stale())
        try:
            outcome = self._asker(check.variant, check.key, check.case)
        except BackendUnavailable as error:
            self._unavailable[check.variant] = error
            raise
        return outcome, self._ledger.stale()[before:]

    def close(self) -> None:
        """End the workers."""
        if self._asker:
            self._asker.__exit__(None, None, None)


class Checks(pytest.Collector):
    """All checks of a run; the node ``convergent``, which is no file."""

    def __init__(self, *, checks: Sequence[Check], answers: Answers, **rest: Any) -> None:
        super().__init__(**rest)
        self.checks, self.answers = checks, answers

    def collect(self) -> Iterator[CheckItem]:
        """Yield an item for every check."""
        plugins = self.config.pluginmanager
        # The harness kills a worker that hangs; pytest-timeout would kill pytest.
        unlimited = [pytest.mark.timeout(0)] if plugins.hasplugin("timeout") else []
        grouped = plugins.hasplugin("xdist")
        for check in self.checks:
            item = CheckItem.from_parent(
                self, name=check.id, nodeid=f"{NODE}::{check.id}", check=check
            )
            for mark in unlimited:
                item.add_marker(mark)
            if grouped:
                item.add_marker(pytest.mark.xdist_group(check.variant))
            yield item


class CheckItem(pytest.Item):
    """A check: ``convergent::torch/conv/native/conv1d:i3_k2``."""

    parent: Checks

    def __init__(self, *, check: Check, **rest: Any) -> None:
        super().__init__(**rest)
        self.check = check

    def runtest(self) -> None:
        """Ask, record for JUnit, and pass, skip, fail or fail as expected."""
        outcome, entries = self.parent.answers(self.check)
        self._record(outcome)
        if entries and not outcome.is_finding:
            raise stale(entries[0])
        settle(outcome, excused=not self.config.getoption("runxfail"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what was found and how to see it again: the stack is the harness' own."""
        if not isinstance(excinfo.value, ConvergentError):
            return super().repr_failure(excinfo, style)
        shown = excinfo.getrepr(style="value")
        if shown.reprcrash:
            shown.reprcrash.message = str(excinfo.value).partition("\n")[0]
        return shown

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the check is, which is nowhere, and its title."""
        check = self.check
        return self.config.rootpath / NODE, None, f"{check.variant} {check.key} {check.case}"

    def _record(self, outcome: Outcome) -> None:
        said = {"verdict": outcome.verdict, "ratio": outcome.ratio, "kernel": outcome.kernel}
        if outcome.is_finding:
            said["repro"] = outcome.repro
        self.user_properties += [(k, str(v)) for k, v in said.items() if v not in (None, "")]
