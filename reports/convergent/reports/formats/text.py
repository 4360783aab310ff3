"""A run as the terminal shows it, without colours."""

from __future__ import annotations

import io
from collections.abc import Iterator

from convergent.reports.formats.page import Page
from convergent.reports.terminal import print_summary

_WIDTH = 100


def render(page: Page) -> Iterator[str]:
    """Yield the summary, at most twenty groups of findings before it."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, force_terminal=False)
    print_summary(page.run, console, report=page.report)
    assert isinstance(console.file, io.StringIO)
    yield console.file.getvalue()
