"""The contract's own test: a backend that breaks it fails where it does, and nowhere else."""

import pytest

pytest_plugins = ["pytester"]

CARELESS = """
import numpy as np

from convergent.backends.base import Backend, Gap, method
from convergent.backends.modes import Mode
from liars import honest


class Careless(Backend):
    name = "careless"
    packages = ("careless",)
    gaps = (
        Gap(methods=("conv/honest",), when=("strided",), reason="it could", raises="ValueError"),
        Gap(methods=("conv/refuses",), when=("dilated",), reason="it cannot", raises="ValueError"),
        Gap(methods=("conv/refuses",), when=("grouped",), reason="it says", raises="TypeError"),
        Gap(methods=("conv/nobody",), when=("wet",), reason="there is none"),
    )
    modes = (Mode(name="idle", meaning="nobody runs it"),)

    def loaded(self):
        return {"version": "1.0", "file": __file__}

    def axes(self, role, case):
        return (0,) * 3 if case.dims == 1 else tuple(range(case.dims + 2))

    def enter(self, array, case):
        return np.array(array) if case.dtype != "float64" else np.array(array, np.float32)

    def leave(self, tensor):
        return tensor, "bfloat16" if tensor.dtype == np.uint16 else tensor.dtype.name

    @classmethod
    def traits(cls, environment):
        return frozenset({"unsaid"})

    @method("conv", "honest")
    def honest(self, case, t):
        return honest(case, t)

    @method("conv", "refuses")
    def refuses(self, case, t):
        if max(case.dilation) > 1 or case.groups > 1:
            raise ValueError("no")
        return honest(case, t) + 1


class Other(Careless):
    name = "careless_too"
"""

FAILURES = {
    "test_it_is_registered_under_its_name": "renamed",
    "test_its_gaps_speak_of_what_there_is": "careless",
    "test_its_modes_have_meanings_and_are_run": "careless",
    "test_its_traits_are_explained": "careless",
    "test_arrays_leave_as_they_entered": "careless",
    "test_a_declared_gap_is_real[0-conv/honest]": "careless",
    "test_a_declared_gap_is_real[2-conv/refuses]": "careless",
    "test_a_declared_gap_is_real[3-conv/nobody]": "careless",
    "test_it_runs_in_its_modes_and_agrees[careless]": "careless",
    "test_it_agrees[careless/conv/refuses/conv2d:i3_k2]": "careless",
}
PASSES = (
    "test_it_computes_something",
    "test_its_worker_says_version_and_file",
    "test_a_declared_gap_is_real[1-conv/refuses]",
    "test_it_agrees[careless/conv/honest/conv2d:i3_k2]",
)


@pytest.fixture
def project(project, monkeypatch):
    folder = project.path / "site"
    information = folder / "careless-1.0.dist-info"
    information.mkdir(parents=True)
    (folder / "careless.py").write_text(CARELESS)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: careless\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[convergent.backends]\ncareless = careless:Careless\nrenamed = careless:Other\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    monkeypatch.syspath_prepend(folder)
    return project


def test_a_backend_fails_where_it_breaks_the_contract(project):
    project.pytester.makepyfile(
        test_it="""
        from convergent.harness.testing import BackendContract

        class TestCareless(BackendContract):
            backend = "careless"
            suites = ()
            cases = ("conv2d:i3_k2",)

        class TestRenamed(TestCareless):
            backend = "renamed"
        """
    )
    result = project.run("test_it.py", "-v", "--tb=short")
    said = {
        line.split()[0]: line.split()[1]
        for line in result.outlines
        if " PASSED" in line or " FAILED" in line
    }
    for name, backend in FAILURES.items():
        assert said[f"test_it.py::Test{backend.title()}::{name}"] == "FAILED", name
    for name in PASSES:
        assert said[f"test_it.py::TestCareless::{name}"] == "PASSED", name
    failed = [node for node in said if said[node] == "FAILED" and "Careless" in node]
    assert len(failed) == len(FAILURES) - 1
    text = result.stdout.str()
    assert "axes('x') is (0, 0, 0), no order of 3 axes" in text
    assert "x left as float32" in text
    assert "the gap closed: careless conv/honest" in text
    assert "was to raise TypeError: ValueError: no" in text
