"""JUnit XML: the schema that Jenkins reads by, a reader that others use, and counts that add up."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import junitparser
import msgspec
import pytest
import xmlschema

from convergent.harness.record import End, Loaded


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema10(str(Path(__file__).with_name("junit.xsd")))


def test_a_run_with_some_of_everything_fits_the_schema(schema, text, large_run) -> None:
    some = msgspec.structs.replace(large_run, outcomes=large_run.outcomes[::20])
    schema.validate(text(some, "junit"))


def test_a_hostile_run_fits_it_too(schema, text, hostile) -> None:
    document = text(hostile, "junit")
    schema.validate(document)
    assert "<script>" not in document
    assert len(ET.fromstring(document).findall(".//testcase")) == 11


@pytest.mark.parametrize("broken", ["", "<x/>", '<testsuite name="x"/>', "<testcase/>"])
def test_the_schema_refuses_what_is_none(schema, broken) -> None:
    document = f"<testsuites>{broken}</testsuites>"
    assert schema.is_valid(document) == (not broken)


def test_others_read_each_check_as_a_test(tmp_path, text, run_of, outcome, wrong) -> None:
    checks = [
        outcome(seconds=0.25, again=0.125),
        wrong(method="vjp"),
        outcome(method="a", verdict="crashed", detail="signal 11"),
        outcome(method="b", verdict="unsupported", detail="no such kernel"),
        wrong(method="c", known="a known bug"),
        outcome(variant="jax"),
    ]
    (tmp_path / "junit.xml").write_text(text(run_of(*checks), "junit"))
    torch, jax = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (torch.name, torch.tests, torch.failures, torch.errors, torch.skipped) == (
        "torch", 5, 1, 1, 2,
    )  # fmt: skip
    assert (jax.name, jax.tests, jax.failures) == ("jax", 1, 0)
    assert {p.name: p.value for p in torch.properties()}["version"] == "2.0"
    cases = list(torch)
    assert (cases[0].classname, cases[0].name) == ("torch.conv", "native/conv1d:i8_k3")
    assert cases[0].time == 0.375
    (found,) = cases[1].result
    assert found.type == "differs"
    assert "expected 1.5" in found.message
    assert "convergent repro torch conv/vjp conv1d:i8_k3" in found.text
    assert cases[2].result[0].message == "torch conv/a: crashed (signal 11)"
    assert cases[3].result[0].message == "no such kernel"
    assert cases[4].result[0].message == "a known bug"


def test_what_could_not_be_run_and_what_no_longer_holds_is_no_success(text, run_of) -> None:
    end = End(finished="", wall=1, workers=1, harness=0, framework=1, stale=("an entry",))
    run = run_of(variants=(Loaded(name="jax", error="not installed"),), end=end)
    root = ET.fromstring(text(run, "junit"))
    assert (root.get("errors"), root.get("failures")) == ("1", "1")


def test_suites_larger_than_memory_is_asked_for_are_whole(monkeypatch, text, large_run) -> None:
    monkeypatch.setattr("convergent.reports.formats.junit._IN_MEMORY", 100)
    document = text(large_run, "junit")
    assert document.count("<testcase ") == len(large_run.outcomes) + 1
