"""``convergent report`` and ``run --format``: files, exit codes, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import pytest
from click.testing import CliRunner

from convergent.harness.cli import report as cli
from convergent.harness.cli.formats import NAMES
from convergent.harness.record import Whole, Writer
from convergent.reports.formats import FILES


@pytest.fixture
def written(tmp_path, run_of, outcome, wrong):
    """Return the folder of a run with one finding, a known divergence and a gap."""
    checks = [
        outcome(),
        wrong(method="vjp", case="conv2d:i9_k3_float16"),
        wrong(method="c", known="a bug"),
        outcome(method="b", verdict="unsupported", detail="no"),
    ]
    run = run_of(*checks)
    writer = Writer(tmp_path / "out" / "run.jsonl")
    for line in (run.header, *run.variants.values(), *checks, run.end):
        writer.write(line)
    writer.close()
    return tmp_path / "out"


def invoke(*arguments):
    return CliRunner().invoke(cli.command, list(map(str, arguments)))


def test_every_format_has_a_file_and_a_name() -> None:
    assert tuple(FILES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_written_in_every_format(written, tmp_path, name) -> None:
    shown = invoke(written, "--format", name)
    assert shown.exit_code == 0, shown.output
    saved = invoke(written / "run.jsonl", "--format", name, "-o", tmp_path / "new" / "file")
    assert (saved.exit_code, saved.output) == (0, "")
    content = (tmp_path / "new" / "file").read_bytes()
    assert content.strip()
    assert name == "text" or content == shown.stdout_bytes  # a terminal has its own width


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("report.html", "html"),
        ("junit.xml", "junit"),
        ("comment.MD", "markdown"),
        ("summary.json", "json"),
        ("outcomes.jsonl", "jsonl"),
        ("report.sarif", "sarif"),
        ("report.txt", "text"),
        ("report", "text"),
    ],
)
def test_a_file_is_written_in_the_format_that_its_name_ends_with(
    written, tmp_path, file, name
) -> None:
    saved = invoke(written, "-o", tmp_path / file)
    assert (saved.exit_code, saved.output) == (0, "")
    invoke(written, "-o", tmp_path / "said", "--format", name)
    assert (tmp_path / file).read_bytes() == (tmp_path / "said").read_bytes()


@pytest.mark.parametrize(
    ("options", "methods"),
    [
        ((), ["native", "vjp", "c", "b"]),
        (("--findings",), ["vjp"]),
        (("--verdict", "differs"), ["vjp", "c"]),
        (("--verdict", "agrees", "--verdict", "unsupported"), ["native", "b"]),
        (("--dtype", "float16"), ["vjp"]),
        (("-k", "not vjp", "--method", "?"), ["c", "b"]),
    ],
)
def test_jsonl_has_what_is_asked_for(written, options, methods) -> None:
    shown = invoke(written, "--format", "jsonl", *options)
    assert [json.loads(line)["method"] for line in shown.stdout.splitlines()] == methods


def test_shards_are_one_report(tmp_path, run_of, outcome) -> None:
    checks = [outcome(variant="scipy", case=f"conv1d:i{n}_k3") for n in (5, 6)]
    run = run_of(*checks)
    for number, check in enumerate(checks, 1):
        whole = {"scipy": Whole(digest="a1", checks=2)}
        header = msgspec.structs.replace(
            run.header, checks=1, shard=f"{number}/2", wholes=whole, cases=2
        )
        writer = Writer(tmp_path / f"s{number}" / "run.jsonl")
        for line in (header, *run.variants.values(), check, run.end):
            writer.write(line)
        writer.close()
    shown = invoke(tmp_path / "s1", tmp_path / "s2", "--format", "jsonl")
    assert shown.exit_code == 0, shown.output
    assert len(shown.stdout.splitlines()) == 2


def convergent(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "convergent", *map(str, arguments)], capture_output=True, text=True,
        check=False, cwd=cwd, env=os.environ | environment,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "none"], "none cannot be read"),
        (["report", "here"], "run.jsonl cannot be read"),
        (["report", "bad.jsonl"], "no header"),
        (["report", "bad.jsonl", "--format", "pdf"], "pdf"),
        (["report", "bad.jsonl", "--findings"], "--format jsonl"),
        (["report", "bad.jsonl", "-o", "here"], "is a folder"),
        (["report", "bad.jsonl", "-o", "bad.jsonl/x"], "is no folder"),
        (["run", "--format", "pdf"], "none of text"),
        (["run", "--format", "junit="], "names no file"),
        (["run", "--format", "junit=here"], "is a folder"),
        (["run", "-q", "-v"], "exclude each other"),
        (["completion", "tcsh"], "tcsh"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, arguments, said) -> None:
    from convergent.harness.cli import main

    (tmp_path / "here").mkdir()
    (tmp_path / "bad.jsonl").write_text("{}\n")
    done = _main(main, arguments, tmp_path)
    assert done[0] == 4
    assert said in done[1]


def _main(main, arguments, cwd):
    """Run the command line in this process; starting Python a dozen times takes too long."""
    import contextlib
    import io

    error, argv = io.StringIO(), sys.argv
    with contextlib.chdir(cwd), contextlib.redirect_stderr(error):
        sys.argv = ["convergent", *arguments]
        try:
            main()
        except SystemExit as end:
            return end.code, error.getvalue()
        finally:
            sys.argv = argv
    raise AssertionError("it does not end")


RUN = ("run", "--backend", "scipy", "--case", "conv1d:i8_k3", "--method", "correlate", "-j", 1)


def test_a_run_writes_what_it_is_asked_for_and_can_say_each_check(tmp_path) -> None:
    asked = ("--format", "junit=j.xml", "--format", "sarif", "--format", "github")
    summary = str(tmp_path / "summary.md")
    there = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary}
    done = convergent(*RUN, "-v", "-o", "out", *asked, cwd=tmp_path, **there)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "j.xml").exists()
    assert (tmp_path / "out" / "report.sarif").exists()
    first, *rest, last = done.stdout.splitlines()
    assert first.startswith("[1/2] ✓ agrees      scipy/conv/correlate/conv1d:i8_k3  ")
    assert "junit: j.xml" in rest
    # What a framework said stands where GitHub's runner looks for no commands.
    (stopped,) = (n for n, line in enumerate(rest) if line.startswith("::stop-commands::"))
    token = rest[stopped].removeprefix("::stop-commands::")
    assert rest.index("All 2 checks agree.") > stopped
    assert rest[-1] == f"::{token}::"
    assert last.startswith("::notice title=convergent::All 2 checks agree")
    assert "All 2 checks agree" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how_to_complete(shell) -> None:
    from convergent.harness.cli import completion

    done = CliRunner().invoke(completion.command, [shell])
    assert done.exit_code == 0
    assert f"_CONVERGENT_COMPLETE={shell}_complete" in done.output


def test_names_are_completed(tmp_path) -> None:
    asked = {"COMP_WORDS": "convergent run --backend sc", "COMP_CWORD": "3"}
    program = (
        "import sys; sys.argv = ['convergent']; from convergent.harness.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | asked | {"_CONVERGENT_COMPLETE": "bash_complete"},
    )  # fmt: skip
    assert done.stdout.split() == ["plain,scipy"]
