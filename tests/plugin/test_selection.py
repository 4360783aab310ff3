"""Which checks a run has: options, settings, ids; and what is wrong with them, in one line."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pytest_convergent
from convergent.harness import pytest_plugin

from .conftest import PLUGIN

pytest_plugins = ["pytester"]

SCIPY = ("--convergent-backends=scipy", "--convergent-cases=conv1d:i3_k2")
CORRELATE = "convergent::scipy/conv/correlate/conv1d:i3_k2"


def test_the_plugin_is_an_entry_point():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"convergent": "pytest_convergent"}
    assert pytest_convergent.pytest_configure is pytest_plugin.pytest_configure
    assert pytest_convergent.pytest_addoption is pytest_plugin.pytest_addoption


def test_ids_are_check_ids_beside_the_projects_own(project):
    ids = project.ids(*SCIPY)
    assert ids[0] == "test_own.py::test_own"
    assert ids[1] == CORRELATE
    assert all(node.startswith("convergent::scipy/") for node in ids[1:])
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("args", "count"),
    [
        (("-k", "correlate and conv1d:i3_k2"), 2),
        (("--deselect", "convergent::scipy/conv", "-k", "correlate"), 1),
        (("--convergent-ops=conv,transpose", "convergent"), 6),
        (("--convergent-methods=sparse*", "--convergent-ops=conv", "convergent"), 1),
        ((CORRELATE,), 1),
        (("convergent::scipy/conv", "test_own.py"), 4),
        ((f"{CORRELATE}@scipy", CORRELATE), 1),
        (("convergent::scipy/conv/correlate/conv2d:i4_k2",), 1),
    ],
)
def test_a_run_is_narrowed_as_any_other_is(project, args, count):
    assert len(project.ids(*SCIPY, *args)) == count


def test_an_id_says_all_there_is_to_know(project):
    assert project.ids(CORRELATE) == [CORRELATE]


def test_cases_come_from_suites_lines_and_files(project):
    (project.path / "cases.txt").write_text("conv1d:i5_k3\nconv1d:i6_k3\n")
    narrow = ("--convergent-backends=scipy", "--convergent-methods=conv/correlate", "convergent")
    given = "--convergent-cases=cases.txt,conv1d:i7_k3"
    lines = [node.rpartition("/")[2] for node in project.ids(given, *narrow)]
    assert lines == ["conv1d:i5_k3", "conv1d:i6_k3", "conv1d:i7_k3"]
    every = project.ids("--convergent=smoke", given, "--convergent-dtypes=bfloat16", *narrow)
    assert every
    assert all("_bfloat16" in node for node in every)


def test_settings_do_what_options_do_unless_files_are_named(project):
    (project.path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\n"
        'convergent_cases = ["conv1d:i3_k2"]\n'
        'convergent_backends = "scipy"\n'
        'convergent_ops = "conv"\n'
    )
    assert len(project.ids()) == 4
    assert project.ids("test_own.py") == ["test_own.py::test_own"]
    assert len(project.ids("test_own.py", "convergent")) == 4
    assert len(project.ids("--convergent-ops=transpose")) == 4


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--convergent=nope",), "'nope' is no suite"),
        (("--convergent=smoke", "--convergent-backends=nobody"), "no backend is called 'nobody'"),
        (("--convergent=smoke", "--convergent-ops=convolve"), "'convolve' is no op"),
        (("--convergent=smoke", "--convergent-methods=zzz"), "no method fits 'zzz'"),
        (("--convergent=smoke", "--convergent-dtypes=int8"), "'int8' is no dtype"),
        (("--convergent=smoke", "--convergent-timeout=soon"), "'soon' is no time limit"),
        (("--convergent=smoke", "--convergent-timeout=inf"), "'inf' is no time limit"),
        (("--convergent=smoke", "--convergent-known=no.toml"), "no.toml cannot be read"),
        (("--convergent-cases=conv1d:k3",), "conv1d:k3"),
        (("--convergent-cases=nothing.txt",), "'nothing.txt' is neither a file nor a case"),
        (("convergent::scipy/conv/nope/conv1d:i3_k2",), "has no method 'conv/nope'"),
        (("convergent::scipy/nothing",), "no check of this run is called 'scipy/nothing'"),
        (("convergent::scipy/conv",), "no cases are named"),
        (("convergent",), "no cases are named"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(project, args, said):
    result = project.run("--convergent-backends=scipy", *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.errlines if line)
    assert line.startswith("ERROR: convergent: ")
    assert said in line


def test_a_run_that_does_not_ask_loads_nothing(project):
    heavy = "{'numpy', 'scipy', 'click', 'rich', 'msgspec', 'convergent.cases', 'torch', 'jax'}"
    script = (
        "import sys, pytest\n"
        "assert pytest.main(['-q', '-p', 'pytest_convergent']) == 0\n"
        f"assert '{PLUGIN}' in sys.modules\n"
        f"assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)\n"
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True, cwd=project.path, env=environment)
