"""The JSON formats: the documented schema, outcomes as they were, and the badge."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from convergent.harness.outcome import Outcome
from convergent.harness.record import End, Loaded
from convergent.reports.formats import json as summary

DOCUMENTED = Path(__file__).parents[3] / "docs" / "summary.schema.json"


def test_the_documented_schema_is_the_present_one() -> None:
    assert DOCUMENTED.read_text() == summary.schema(), (
        "python -m convergent.reports.formats.json > docs/summary.schema.json"
    )


def test_summaries_fit_it(text, large_run, hostile, run_of) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(DOCUMENTED.read_text()))
    for run in (large_run, hostile, run_of()):
        validator.validate(json.loads(text(run, "json")))
    assert not validator.is_valid({"type": "summary"})


def test_a_summary_has_the_figures(text, run_of, outcome, wrong) -> None:
    run = run_of(outcome(), wrong(method="vjp", ratio="inf"), wrong(method="c", known="a bug"))
    made = json.loads(text(run, "json"))
    assert (made["type"], made["schema"], made["verdict"]) == ("summary", 1, "findings")
    assert made["total"]["checked"] == 3
    assert made["total"]["findings"] == {"differs": 1}
    (found,) = made["findings"]
    assert found["ratio"] == "inf"
    assert found["repro"] == "convergent repro torch conv/vjp conv1d:i8_k3"
    assert [g["known"] for g in made["known"]] == ["a bug"]
    (torch,) = made["variants"]
    assert torch["loaded"] == {"version": "2.0"}
    assert [cell["method"] for cell in torch["cells"]] == ["native", "c", "vjp"]


def test_jsonl_is_the_outcomes(text, large_run) -> None:
    lines = text(large_run, "jsonl").splitlines()
    assert [msgspec.json.decode(line, type=Outcome) for line in lines] == large_run.outcomes


def test_jsonl_takes_any_text(text, hostile) -> None:
    lines = text(hostile, "jsonl").split("\n")[:-1]
    assert len([msgspec.json.decode(line, type=Outcome) for line in lines]) == 9


ENDED = End(finished="", wall=1, workers=1, harness=0, framework=1, stale=("an entry",))
ABSENT = (Loaded(name="jax", error="x"),)


@pytest.fixture
def run_like(run_of, outcome):
    return lambda checks, more: run_of(*(outcome(**fields) for fields in checks), **more)


@pytest.mark.parametrize(
    ("checks", "message", "color"),
    [
        (([{}] * 2700, {}), "2,700 agree", "brightgreen"),
        (([{}, {"known": "x", "verdict": "raised"}], {}), "1 agree, 1 known", "green"),
        (([{}, {"verdict": "raised"}], {}), "1 raised", "red"),
        (([{"verdict": "degraded"}] * 2, {}), "2 are degraded", "orange"),
        (([{}], {"checks": 9}), "incomplete: 1 agree of 9", "yellow"),
        (([{}], {"end": ENDED}), "1 of the ledger no longer hold", "red"),
        (([{"verdict": "unsupported"}], {}), "nothing checked", "lightgrey"),
        (([{}], {"variants": ABSENT}), "incomplete: 1 agree of 1", "yellow"),
    ],
)  # fmt: skip
def test_a_badge_says_it_in_two_words(text, run_like, checks, message, color) -> None:
    made = json.loads(text(run_like(*checks), "badge"))
    assert made == {
        "schemaVersion": 1, "label": "convolution", "message": message, "color": color,
    }  # fmt: skip
