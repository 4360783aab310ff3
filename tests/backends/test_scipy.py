"""The second opinion: SciPy's own convolutions and sparse matrices against the oracle."""

from convergent.cases import suites
from convergent.harness import run
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options


def test_scipy_agrees_with_the_oracle_on_the_whole_suite_ci(tmp_path):
    cases = suites.load("ci")
    result = run.run(cases, Options(variants=("scipy",), folder=tmp_path), Ledger(()))
    assert result.exit_code == 0
    exact = [o for o in result.run.outcomes if "normal" not in o.case and "uniform" not in o.case]
    assert len(exact) > 300
    assert all(o.ratio == 0 for o in exact if o.verdict == "agrees")


def test_scipy_agrees_with_the_oracle_on_the_sources(tmp_path):
    cases = suites.load("sources")
    result = run.run(cases, Options(variants=("scipy",), folder=tmp_path), Ledger(()))
    assert result.exit_code == 0


def test_scipy_agrees_with_the_oracle_on_special_data(tmp_path):
    cases = suites.load("special")
    result = run.run(cases, Options(variants=("scipy",), folder=tmp_path), Ledger(()))
    assert result.exit_code == 0
