"""The plugin of a run that checks: what it collects, and what it says at the top."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from convergent.cases.errors import ConvergentError, UnknownSuite
from convergent.harness import envs
from convergent.harness.pytest_plugin import NODE, settings
from convergent.harness.pytest_plugin.checks import Check, checks, named
from convergent.harness.pytest_plugin.items import Answers, Checks
from convergent.harness.pytest_plugin.settings import Settings


def register(config: pytest.Config) -> None:
    """Add the matrix to this run. Raises ``UsageError`` with one line for what cannot be.

    Checks that are named on the command line are all that is run of it. Files that are named there
    are run without it, unless its suites are named there too.
    """
    own = [arg for arg in config.args if _is_own(arg, config)]
    names = [arg.partition("::")[2] for arg in own]
    by_hand = config.args_source is config.ArgsSource.ARGS
    told = config.getoption("convergent") or config.getoption("convergent_cases")
    if by_hand and not told and not own:
        return
    try:
        chosen = settings.read(config)
        every = list(checks(chosen.variants, chosen.cases, chosen.selection))
        if own and not chosen.cases and not all(names):
            raise UnknownSuite("no cases are named; add --convergent=smoke, say")
        if own and all(names):
            every = named(every, names)
    except ConvergentError as error:
        raise pytest.UsageError(f"convergent: {error}") from None
    config.args = [arg for arg in config.args if arg not in own]
    config.pluginmanager.register(Matrix(chosen, every), "convergent-matrix")


def _is_own(arg: str, config: pytest.Config) -> bool:
    """Say whether an argument is a node id of checks, seen from here or from the root."""
    base, separator, _ = arg.partition("::")
    path = Path(config.invocation_params.dir, base)
    named_so = base == NODE or path.resolve() == config.rootpath / NODE
    return named_so and (bool(separator) or not path.exists())


class Matrix:
    """Adds the checks to what is collected, and ends the workers with the run."""

    def __init__(self, chosen: Settings, every: list[Check]) -> None:
        self._chosen, self._checks = chosen, every
        self._answers = Answers(chosen.ledger, chosen.timeout)

    def pytest_report_header(self) -> str:
        """Say which cases, and whom."""
        variants = dict.fromkeys(check.variant for check in self._checks)
        who = ", ".join(f"{name} {envs.version(name)}" for name in variants)
        of = " + ".join(self._chosen.names) or "named"
        return f"convergent: {of}, {len(self._checks)} checks: {who or 'nobody is asked'}"

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the checks to what the session holds."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            node = Checks.from_parent(
                collector, name=NODE, nodeid=NODE, checks=self._checks, answers=self._answers
            )
            report.result = [*report.result, node]
        return report

    def pytest_unconfigure(self) -> None:
        """End the workers."""
        self._answers.close()
