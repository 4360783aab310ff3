"""SARIF: its schema, code scanning's limits, and marks that stay the same."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from convergent.harness.record import Loaded
from convergent.reports.formats import Page, sarif


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(Path(__file__).with_name("sarif.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.fixture
def log(text):
    return lambda run: json.loads(text(run, "sarif"))


def test_runs_fit_the_schema(validator, log, large_run, hostile, run_of) -> None:
    for run in (large_run, hostile, run_of()):
        validator.validate(log(run))


def test_the_schema_refuses_what_is_none(validator, log, large_run) -> None:
    made = log(large_run)
    made["runs"][0]["results"][0]["locations"][0]["where"] = 1
    assert not validator.is_valid(made)


def test_a_result_tells_what_is_wrong_where_and_how_to_see_it(log, run_of, wrong) -> None:
    (run,) = log(run_of(wrong(), wrong(case="conv2d:i9_k3"), wrong(known="x", op="y")))["runs"]
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "conv/native/differs"
    assert rule["help"]["text"]
    assert result["level"] == "error"
    assert result["occurrenceCount"] == 2
    assert "convergent repro torch conv/native conv1d:i8_k3" in result["message"]["text"]
    (place,) = result["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "torch/conv/native"


def test_the_file_is_the_workflow_or_else_the_run_file(run_of) -> None:
    page = Page(run_of(path="/tmp/x y/run.jsonl"))
    assert sarif._place(page, {}) == "run.jsonl"
    there = {"GITHUB_WORKFLOW_REF": "o/r/.github/workflows/ci.yml@refs/heads/a"}
    assert sarif._place(page, there) == ".github/workflows/ci.yml"


def test_a_mark_outlives_versions_figures_and_cases(log, run_of, wrong) -> None:
    runs = [
        run_of(wrong(variant="jax==0.9.2:jit")),
        run_of(wrong(variant="jax:jit", ratio=7.0, case="conv2d:i9_k3")),
        run_of(wrong(variant="jax:jit", method="vjp")),
    ]
    one, same, other = (log(r)["runs"][0]["results"][0]["partialFingerprints"] for r in runs)
    assert one == same != other
    assert one["primaryLocationLineHash"].endswith(":1")


def test_no_more_results_than_are_shown(monkeypatch, log, run_of, wrong) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    found = [wrong(method=f"m{n}", ratio=float(n + 2)) for n in range(5)]
    (run,) = log(run_of(*found))["runs"]
    assert [r["ruleId"] for r in run["results"]] == [f"conv/m{n}/differs" for n in (4, 3, 2)]
    assert run["properties"]["leftOut"] == 2


def test_a_result_has_so_few_bytes_that_all_of_them_have_room(log, run_of, wrong) -> None:
    long = "x\ud800" * 100_000
    o = wrong(variant=long, method=long, case=long, detail=long, where=long)
    (run,) = log(run_of(o))["runs"]
    size = len(json.dumps(run["results"]) + json.dumps(run["tool"]["driver"]["rules"]))
    assert size * sarif.MOST_RESULTS < 60e6  # one word again and again: a tenth when compressed


def test_what_could_not_be_run_is_notified(log, run_of) -> None:
    (run,) = log(run_of(variants=(Loaded(name="jax", error="not installed"),)))["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert "not installed" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_foreign_text_cannot_be_a_command_of_a_terminal(text, hostile) -> None:
    assert msgspec.json.decode(text(hostile, "sarif"))
    assert "\\u001b" not in text(hostile, "sarif")
