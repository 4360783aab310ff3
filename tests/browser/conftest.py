"""A real Chromium without a network, and pages of reports in it; skipped where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CONVERGENT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    why = "" if CHROMIUM else "no chromium; apt install chromium, or set CONVERGENT_CHROMIUM"
    if not why:
        try:
            import playwright  # noqa: F401 - only asked for
        except ImportError:
            why = "playwright is not installed; tox run -e browser"
    for item in items:
        if why and item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium) -> Iterator[Callable[..., Any]]:
    """Return what opens a file; a request beside it or a line on the console fails the test."""
    contexts, asked, said = [], [], []

    def opened(path: Path, fragment: str = "", **given: Any) -> Any:
        context = chromium.new_context(
            viewport={"width": 1280, "height": 900} | given.pop("viewport", {}), **given
        )
        context.set_default_timeout(5000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: said.append(line.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri() + fragment)
        page.locator("html[data-ready]").wait_for(state="attached", timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [url for url in asked if not url.startswith("file:///")], "asked the network"
    assert len(asked) == len(contexts), "loaded another file"
    assert not said
