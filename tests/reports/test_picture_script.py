"""The drawings' script, in a real browser: every sum it writes out is the one that Python makes."""

from pathlib import Path

import numpy as np
import pytest

from convergent.cases.text import parse
from convergent.reports.picture import page
from convergent.reports.picture.figure import operands
from convergent.reports.picture.view import sum_of
from convergent.reports.picture.window import MAPS, window

api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
CHROMIUM = Path("/usr/bin/chromium")
CASES = (
    "conv1d:i9_k3_s2_d2_p2_normal",
    "conv2d:i6_c4_k3_o6_g2_s2_p1",
    "conv2d:i6x7_k3_p1x-1",
    "conv3d:i3x3x4_k2_s2x1x1_p1",
)


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with api.sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-component-update"]
        opened = play.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield opened
        opened.close()


@pytest.mark.parametrize("line", CASES)
def test_the_script_writes_what_python_writes(browser, tmp_path, line):
    case = parse(line)
    path = tmp_path / "case.html"
    page.write(case, path)
    shown = browser.new_page()
    said = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(path.as_uri())
    for op in MAPS:
        drawn = window(case, op, operands(case))
        labels = shown.eval_on_selector_all(
            f".{op} .result .place", "all => all.map(p => p.getAttribute('aria-label'))"
        )
        assert labels == [sum_of(case, drawn, at) for at in np.ndindex(*drawn.result.shape)]
        shown.hover(f".{op} .result .place")
        assert shown.inner_text(f".{op} .sum") == labels[0]
        taps = 1 if op == "backprop_filter" else len(drawn.taps[0].ravel())
        assert shown.locator(f".{op} .source .tinted").count() >= taps
    shown.focus(".conv .result .marked")
    shown.keyboard.press("ArrowRight")
    index = ", ".join(["0"] * (case.dims - 1) + ["1"])
    assert shown.inner_text(".conv .sum").startswith(f"y[{index}] = ")
    assert shown.locator("svg.straight .band.on").count() == 1
    assert said == []
    shown.close()
