"""``pytest --convergent=ci``: the checks of a suite as tests of whoever's project this is.

Every run of pytest loads this module, so that it imports nothing until checks are asked for.
"""

from __future__ import annotations

import pytest

NODE = "convergent"
"""The first part of every check's node id: ``convergent::torch/conv/native/conv1d:i3_k2``."""

LISTS = {
    "convergent": ("SUITE,...", "Check convolutions: every case of these suites"),
    "convergent-cases": ("CASE|FILE,...", "Check these cases too: case lines, or files of cases"),
    "convergent-backends": ("NAME,...", "Check these backends or variants [installed]"),
    "convergent-ops": ("OP,...", "Check these ops alone"),
    "convergent-methods": ("PATTERN,...", "Check these methods alone"),
    "convergent-dtypes": ("DTYPE,...", "Check these dtypes alone"),
}
SINGLE = {
    "convergent-known": ("FILE", "A ledger of known divergences instead of the built-in one"),
    "convergent-timeout": ("SECONDS", "Time limit of a check [120]"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and each as a setting of the configuration file."""
    group = parser.getgroup("convergent", "convolutions of the frameworks")
    for name, (metavar, meaning) in LISTS.items():
        group.addoption(f"--{name}", action="append", metavar=metavar, help=meaning)
        parser.addini(name.replace("-", "_"), meaning, type="args", default=[])
    for name, (metavar, meaning) in SINGLE.items():
        group.addoption(f"--{name}", metavar=metavar, help=meaning)
        parser.addini(name.replace("-", "_"), meaning, type="string", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Add the matrix, if checks are asked for."""
    asked = any(config.getoption(name) for name in ("convergent", "convergent_cases"))
    set_up = config.getini("convergent") or config.getini("convergent_cases")
    if asked or set_up or any(arg.partition("::")[0].endswith(NODE) for arg in config.args):
        from convergent.harness.pytest_plugin import matrix

        matrix.register(config)
