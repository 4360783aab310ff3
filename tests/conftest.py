"""Property tests draw the same examples on every run and machine."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("convergent", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("convergent")

PLANTED = str(Path(__file__).parent / "meta" / "planted")


def pytest_addoption(parser):
    parser.addoption("--suite", action="append", help="Cases of tests/test_matrix.py; repeat.")
    parser.addoption("--all-variants", action="store_true", help="All modes of every backend too.")


@pytest.fixture
def planted(monkeypatch):
    """Let the planted backends be found as any third party's would be: by their entry point."""
    monkeypatch.syspath_prepend(PLANTED)
    monkeypatch.setenv("PYTHONPATH", PLANTED)
