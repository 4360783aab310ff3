"""The action, the example workflows and the guide to CI: valid, and no command of them rots."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from convergent.harness.cli import group

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "action.yml"
EXAMPLES = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
WORKFLOWS = [*EXAMPLES, ROOT / ".github" / "workflows" / "ci.yml"]
GITLAB = ROOT / "examples" / "gitlab-ci.yml"
TOX = ROOT / "examples" / "tox-downstream.ini"
GUIDE = ROOT / "docs" / "ci.md"
SCRIPTS = ("run", "script", "before_script", "after_script")
FILLED = {
    r"\$\{\{ matrix\.framework \}\}": "torch",
    r"\$\{\{ matrix\.shard \}\}|\$SHARD\b": "2",
    r'"?\$\{arguments\[@\]\}"?|\{posargs\}': "",
    r"\$FRAMEWORK\b|\$BACKEND\b": "torch",
    r"\$OUTPUT\b": "out",
    r"\{posargs:([^}]*)\}": r"\1",
    r"\{tox_root\}|\{env_tmp_dir\}": ".",
    r"\{/\}": "/",
    r"\\\n": " ",
}


def check_schema(name, *files):
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{name}", *files],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("github-actions", [ACTION]),
        ("github-workflows", WORKFLOWS),
        ("gitlab-ci", [GITLAB]),
    ],
)
def test_files_fit_the_schemas_of_their_services(name, files) -> None:
    assert files
    done = check_schema(name, *files)
    assert done.returncode == 0, done.stdout


def test_a_schema_refuses_what_is_none(tmp_path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(EXAMPLES[0].read_text().replace("runs-on:", "runs-in:"))
    assert check_schema("github-workflows", wrong).returncode == 1


def scripts(data) -> list[str]:
    """Return every script in a YAML file."""
    if isinstance(data, list):
        return [found for part in data for found in scripts(part)]
    if not isinstance(data, dict):
        return []
    own = [data[name] for name in SCRIPTS if name in data]
    found = [text for text in own if isinstance(text, str)]
    found += [line for text in own if isinstance(text, list) for line in text]
    return found + [text for part in data.values() for text in scripts(part)]


def load(path):
    return YAML(typ="safe").load(path.read_text())


def commands() -> list[tuple[str, str]]:
    """Return each command of ours in the files of this test, and where it stands."""
    texts = [(path, text) for path in (ACTION, *WORKFLOWS, GITLAB) for text in scripts(load(path))]
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(TOX)
    texts += [(TOX, tox[name].get("commands", "")) for name in tox.sections()]
    guide = GUIDE.read_text()
    texts += [(GUIDE, block) for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)]
    texts += [
        (GUIDE, block.replace("- run: ", ""))
        for block in re.findall(r"```(?:yaml|ini)\n(.*?)```", guide, re.DOTALL)
    ]
    found = []
    for path, text in texts:
        for pattern, value in FILLED.items():
            text = re.sub(pattern, value, text)  # noqa: PLW2901 - filled in bit by bit
        for line in text.splitlines():
            mine = re.match(r"\s*(?:- )?(convergent [^|&;#]*)", line)
            if mine:
                found.append((path.name, mine[1].strip()))
    return found


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Parse words as the command line does, and run nothing."""
    with command.make_context("convergent", words, parent=parent) as context:
        if isinstance(command, click.Group):
            name, inner, rest = command.resolve_command(
                context, [*context._protected_args, *context.args]
            )
            assert inner is not None, name
            parse(inner, rest, context)


@pytest.mark.parametrize(("place", "command"), commands())
def test_every_command_parses(tmp_path, monkeypatch, place, command) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "baseline.jsonl").touch()
    parse(group, shlex.split(command)[1:])


def test_there_are_commands_to_be_parsed() -> None:
    found = commands()
    assert {place for place, _ in found} == {
        path.name for path in (ACTION, *EXAMPLES, GITLAB, TOX, GUIDE)
    } - {"pull-request.yml"}
    assert len(found) > 15
    with pytest.raises(click.UsageError):
        parse(group, ["run", "--no-such-option"])


def step(name: str) -> str:
    (found,) = [s for s in load(ACTION)["runs"]["steps"] if s.get("name") == name]
    return found["run"]


def bash(script, folder, **environment):
    """Run a script as GitHub's runner does, with the programs of ``folder / bin`` first."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"PATH": path} | environment,
    )  # fmt: skip


def program(folder, name, text) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_action_runs_quietly_if_told_to_and_tells_its_outputs(tmp_path) -> None:
    program(tmp_path, "convergent", f'exec "{sys.executable}" -m convergent "$@"')
    done = bash(
        step("Run Convergent"), tmp_path,
        BACKENDS="scipy", SUITES="", ARGS="--case conv1d:i8_k3 --method correlate -j 1 -q",
        BASELINE="", SHARD="1/1", OUTPUT="out dir", FAIL="true", GITHUB_ACTIONS="",
        GITHUB_OUTPUT=str(tmp_path / "output"), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    answer, annotation = done.stdout.splitlines()
    assert answer == "Shard 1/1: All 2 checks agree."
    assert annotation.startswith("::notice ")
    written = (tmp_path / "output").read_text()
    assert "\nclean\n" in written
    assert written.endswith("exit-code=0\n")
    told = set(re.findall(r"^([a-z-]+)(?:<<|=)", written, re.MULTILINE))
    assert set(load(ACTION)["outputs"]) <= told
    for name in (
        "run.jsonl",
        "report.html",
        "junit.xml",
        "report.sarif",
        "report.md",
        "badge.json",
    ):
        assert (tmp_path / "out dir" / name).exists()
    assert "All 2 checks agree" in (tmp_path / "summary").read_text()


@pytest.mark.parametrize(
    ("code", "fail", "ends"), [(1, "true", 1), (1, "false", 0), (3, "false", 3), (0, "true", 0)]
)
def test_findings_fail_the_action_unless_it_is_told_otherwise(tmp_path, code, fail, ends) -> None:
    program(tmp_path, "convergent", f'printf "<%s>" "$@"; exit {code}')
    done = bash(
        step("Run Convergent"), tmp_path,
        BACKENDS="torch jax:jit", SUITES="ci\nedge", ARGS="-k $(touch owned)", BASELINE="a b",
        SHARD="", OUTPUT="out", FAIL=fail, GITHUB_OUTPUT=str(tmp_path / "output"),
    )  # fmt: skip
    assert done.returncode == ends
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
    assert done.stdout.startswith(
        "<run><-k><$(touch><owned)><--backend><torch><--backend><jax:jit>"
        "<--suite><ci><--suite><edge><--baseline><a b><-o><out>"
    )
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("backends", "requirements", "installed"),
    [
        ("torch jax:jit mine", "", "</a b[torch,jax]>"),
        ("torch", "torch==2.12.1 numpy<2", "</a b><torch==2.12.1><numpy<2>"),
        ("", "", "</a b>"),
    ],
)
def test_the_action_installs_itself_and_the_frameworks(
    tmp_path, backends, requirements, installed
) -> None:
    program(tmp_path, "python", 'printf "<%s>" "$@"; echo "$PIP_EXTRA_INDEX_URL"')
    done = bash(
        step("Install Convergent"), tmp_path,
        SOURCE="/a b", BACKENDS=backends, REQUIREMENTS=requirements, INDEX="https://x",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"<-m><pip><install><--quiet>{installed}https://x\n"


def test_no_input_is_a_part_of_a_script() -> None:
    assert not [script for script in scripts(load(ACTION)) if "${{" in script]


def test_gitlab_shows_the_report_and_takes_no_failed_installation_for_findings(tmp_path) -> None:
    jobs = load(GITLAB)
    assert all(path.endswith("/") for path in jobs["report"]["artifacts"]["paths"])
    program(tmp_path, "pip", "exit 1")
    done = bash(jobs["check"]["script"][0], tmp_path, FRAMEWORK="torch")
    assert done.returncode not in (0, jobs["check"]["allow_failure"]["exit_codes"])


@pytest.mark.parametrize(("open_", "made"), [("1", False), ("0", True)])
def test_a_lower_baseline_is_asked_for_unless_that_stands_open(tmp_path, open_, made) -> None:
    (text,) = [s for s in scripts(load(EXAMPLES[0])) if "gh pr" in s]
    program(tmp_path, "git", '[ "$1" != diff ]')
    # A request that was merged before is still viewed without complaint.
    listed = f'"pr list") echo "$@" | grep -q "state open" && echo {open_} ;;'
    program(tmp_path, "gh", f'case "$1 $2" in {listed} "pr create") touch made ;; esac')
    assert bash(text, tmp_path).returncode == 0
    assert (tmp_path / "made").exists() == made
