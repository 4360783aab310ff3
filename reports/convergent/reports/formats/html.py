"""A run as the one-file HTML report."""

from __future__ import annotations

from collections.abc import Iterator

from convergent.reports import html
from convergent.reports.formats.page import Page


def render(page: Page) -> Iterator[str]:
    """Yield the report."""
    yield html.render(page.run)
