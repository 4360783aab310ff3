"""The planted backends, found as any third party's would be: by their entry point."""

from pathlib import Path

import pytest

PLANTED = str(Path(__file__).parent / "planted")


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    monkeypatch.syspath_prepend(PLANTED)
    monkeypatch.setenv("PYTHONPATH", PLANTED)
