"""A run in the formats that other programs read, each in a module of its own.

A format's ``render`` gives its text in parts, so that a run of any size can be written. What a run
file holds is never trusted: each format escapes it by its own rules.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from convergent.harness import aside
from convergent.reports.formats.page import Page

FILES = {
    "text": "report.txt",
    "json": "summary.json",
    "jsonl": "outcomes.jsonl",
    "junit": "junit.xml",
    "markdown": "report.md",
    "github": "",
    "sarif": "report.sarif",
    "html": "report.html",
    "badge": "badge.json",
}
"""The formats, and how the file of each is called; ``github`` goes to standard output."""

__all__ = ["FILES", "Page", "render", "write"]


def render(page: Page, name: str) -> Iterator[bytes]:
    """Yield ``page`` in the format ``name``, in parts. Raises ``KeyError`` if there is none."""
    if name not in FILES:
        raise KeyError(name)
    module = importlib.import_module(f"convergent.reports.formats.{name}")
    for part in module.render(page):
        yield part.encode("utf-8", "backslashreplace")


def write(page: Page, name: str, path: Path) -> None:
    """Write ``page`` to ``path``, whole or not at all."""
    aside.write_all(path, render(page, name))
