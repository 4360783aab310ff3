"""GitHub Actions: commands that no run file can add to, and the documented limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convergent.harness.record import Loaded
from convergent.reports.formats import Page, github

COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::(.*)")


def test_a_finding_is_an_annotation_with_its_repro_line(text, run_of, wrong) -> None:
    said = text(run_of(wrong(), wrong(case="conv2d:i9_k3"), wrong(method="vjp")), "github")
    first, last = said.splitlines()
    level, title, message = COMMAND.fullmatch(first).groups()
    assert (level, title) == ("error", "differs%3A torch conv/native")
    assert message.split("%0A")[1:] == [
        "and 1 more case",
        "the same by vjp",
        "convergent repro torch conv/native conv1d:i8_k3",
    ]
    assert last == "::notice title=convergent::3 of 3 checks need a look. 3 differ."


def test_at_most_ten_of_a_level_the_worst_first_and_the_rest_counted(text, run_of, wrong) -> None:
    found = [wrong(method=f"m{n}", case=f"conv1d:i{n + 5}_k3", ratio=float(n)) for n in range(12)]
    found += [
        wrong(op="transpose", verdict="degraded", method=f"m{n}", case=f"conv1d:i{n + 5}_k3")
        for n in range(11)
    ]
    absent = Loaded(name="jax", error="not installed")
    lines = text(run_of(*found, variants=(absent,)), "github").splitlines()
    for level, rest in (("error", 3), ("warning", 1)):
        assert sum(line.startswith(f"::{level} ") for line in lines) == github.MOST == 10
        noun = level if rest == 1 else f"{level}s"
        assert f"... and {rest} more {noun}; see the summary" in lines
    assert "jax could not be run" in lines[0]
    assert "conv/m11" in lines[1]


def test_no_text_begins_a_command_of_its_own(text, hostile) -> None:
    said = text(hostile, "github")
    lines = re.split(r"[\r\n]+", said.strip("\n"))
    assert all(COMMAND.fullmatch(line) for line in lines)
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u202e]", said)


@pytest.fixture
def files(tmp_path):
    names = ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")
    return {name: str(tmp_path / name.lower()) for name in names}


def told(files) -> tuple[str, str]:
    return tuple(Path(path).read_bytes().decode() for path in files.values())


def outputs(written: str) -> dict[str, str]:
    """Read them as GitHub's runner does: a name, a mark, and all up to the mark alone on a line."""
    found, lines = {}, iter(written.split("\n"))
    for line in lines:
        if line:
            name, mark = line.split("<<")
            values = []
            while (value := next(lines)) != mark:
                values.append(value)
            found[name] = "\n".join(values)
    return found


def test_the_step_has_a_summary_and_outputs(tmp_path, files, run_of, outcome, wrong) -> None:
    page = Page(run_of(outcome(), wrong(method="vjp")), tmp_path / "report.html")
    github.tell(page, files)
    summary, written = told(files)
    assert "1 of 2 checks needs a look" in summary
    found = outputs(written)
    assert found["verdict"] == "findings"
    assert (found["checked"], found["agrees"], found["findings"]) == ("2", "1", "1")
    assert found["report"] == str(tmp_path / "report.html")
    assert set(found) == set(github.outputs(page))


def test_an_output_cannot_begin_another(files, hostile) -> None:
    github.tell(Page(hostile), files)
    assert set(outputs(told(files)[1])) == set(github.outputs(Page(hostile)))


def test_without_github_nothing_is_told(tmp_path, monkeypatch, run_of, outcome) -> None:
    monkeypatch.chdir(tmp_path)
    github.tell(Page(run_of(outcome())), {})
    assert not list(tmp_path.iterdir())


def test_the_summaries_of_a_step_stay_below_a_mebibyte(files, run_of, wrong) -> None:
    found = [
        wrong(method=f"m{n}", case=f"conv1d:i{n + 9}_k3", where="\u2603" * 900) for n in range(400)
    ]
    page = Page(run_of(*found))
    for _ in range(3):
        github.tell(page, files)
    summary, _ = told(files)
    size = len(summary.encode())
    assert 900_000 < size < github.MOST_BYTES
    assert "for which there is no room here" in summary
    assert summary.endswith("\n")
