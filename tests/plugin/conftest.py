"""Scratch projects in which the plugin runs, with planted backends and SciPy."""

import importlib.metadata
import os
from pathlib import Path

import pytest

from convergent.harness.pytest_plugin import matrix  # noqa: F401 - NumPy is loaded once a process

PLANTED = str(Path(__file__).parents[1] / "meta" / "planted")
PLUGIN = "convergent.harness.pytest_plugin"


class Project:
    """A folder with a test of its own, and pytest in it."""

    def __init__(self, pytester):
        self.pytester, self.path = pytester, pytester.path
        points = importlib.metadata.entry_points(group="pytest11", name="convergent")
        self.plugin = [] if points else ["-p", PLUGIN]
        pytester.makepyfile(test_own="def test_own(): pass")

    def run(self, *args):
        return self.pytester.runpytest_inprocess(*self.plugin, *args)

    def run_apart(self, *args):
        return self.pytester.runpytest_subprocess(*self.plugin, *args)

    def ids(self, *args):
        result = self.run("--collect-only", "-q", *args)
        return [line for line in result.outlines if "::" in line]


@pytest.fixture
def project(pytester, monkeypatch):
    """Return a scratch project that finds the planted backends as any third party's."""
    monkeypatch.syspath_prepend(PLANTED)
    path = [PLANTED, os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return Project(pytester)
