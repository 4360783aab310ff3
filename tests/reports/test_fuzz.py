"""A fuzz in words: findings first, with the command that shows each, and nothing taken on trust."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from convergent.harness.fuzz import Fuzzed, State
from convergent.harness.fuzz.findings import finding
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.reports import fuzz

BAD = "\x1b[2J `code` </pre> [bold]"


def wrong(case, method="correlate", **said):
    said.setdefault("verdict", "differs")
    return Outcome(variant="scipy", op="conv", method=method, case=case, **said)


@pytest.fixture
def state():
    made = State(Options(variants=("scipy",), folder=Path()), (), ())
    for outcome in (wrong("conv1d:i9_k3"), wrong("conv2d:i9_k3_float64", verdict="agrees")):
        made.learn(outcome)
    for method in ("correlate", "fft"):
        one = finding(wrong("conv1d:i9_k3", method), wrong("conv1d:i1_k1", method), "shrunk", "now")
        made.findings.add(one)
    bad = wrong("conv1d:i8_k2", verdict="raised", detail=BAD)
    made.findings.add(finding(bad, bad, "unsteady", "now"))
    return made


def summary(state, **changes):
    console = Console(file=io.StringIO(), width=100)
    found = Fuzzed(state=state, missing={}, wall=12.0, **changes)
    fuzz.print_summary(found, console, report=Path("report.html"), folder=Path())
    return console.file.getvalue()


def test_findings_come_first_each_with_its_ways_and_the_command_that_shows_it(state):
    shown = summary(state)
    assert shown.index("differs") < shown.index("raised") < shown.index("moot")
    assert "convergent repro scipy conv/correlate conv1d:i1_k1" in shown
    assert "the same by scipy conv/fft" in shown
    assert "not again in a fresh worker" in shown
    assert "2 cases:" in shown
    assert "2 findings to look at" in shown


def test_the_page_has_a_section_for_each_bug_and_every_way_to_it(state):
    page = fuzz.markdown(state)
    assert page.count("\n## ") == 2
    assert page.count("convergent repro") == 3


def test_no_text_of_a_finding_is_taken_for_markup_or_a_control_code(state):
    for text in (summary(state), fuzz.markdown(state)):
        assert "\x1b" not in text
        assert "[bold]" in text
    assert "``" in fuzz.markdown(state)


def test_progress_is_a_line_now_and_then(state):
    now = [0.0]
    console = Console(file=io.StringIO(), width=200)
    with fuzz.Progress(600.0, console, clock=lambda: now[0]) as progress:
        for now[0] in range(25):
            progress(state)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert "2 cases, 2 checks" in lines[0]
    assert "left" in lines[0]
