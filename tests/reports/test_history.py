"""Many runs side by side: what broke, since when, and what drifted."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from convergent.harness.cli.history import command
from convergent.harness.record import Loaded, Writer
from convergent.reports.history import html, text
from convergent.reports.history.changes import changes, drifts
from convergent.reports.history.points import remark, tracks

HOSTILE = "</style><script>alert(1)</script><img src=x>"
CASE = "conv1d:i9_k3"


@pytest.fixture
def history(run_of, outcome, wrong):
    """Return the tracks of ``{version: verdict}``, one run each, a day after the other."""

    def history(versions, **fields):
        runs = []
        for day, (version, verdict) in enumerate(versions):
            make = outcome if verdict == "agrees" else wrong
            known = {"known": "reason"} if verdict == "known" else {}
            said = {"verdict": "differs" if verdict == "known" else verdict} | known | fields
            runs.append(
                run_of(
                    make(variant=f"jax=={version}", case=CASE, **said),
                    variants=(Loaded(name=f"jax=={version}", loaded={"version": version}),),
                    started=f"2026-01-{day + 1:02}T00:00:00Z",
                )
            )
        return tracks(runs)

    return history


def test_versions_are_points_of_one_line_the_oldest_first(history) -> None:
    (track,) = history([("0.10.2", "agrees"), ("0.4.38", "agrees"), ("0.9.2", "agrees")])
    assert track.variant == "jax"
    assert [point.version for point in track.points] == ["0.4.38", "0.9.2", "0.10.2"]
    assert changes(track) == ()


@pytest.mark.parametrize(
    ("verdicts", "kind", "since"),
    [
        (("agrees", "agrees", "differs"), "broke", "0.3"),
        (("agrees", "known", "differs"), "broke", "0.2"),
        (("agrees", "unsupported", "differs"), "broke", "0.3"),
        (("differs", "agrees", "agrees"), "mended", "0.2"),
        (("agrees", "differs", "agrees"), "wavers", "0.2"),
        (("differs", "differs", "known"), "always", "0.1"),
    ],
)
def test_the_first_bad_version_is_told(history, verdicts, kind, since) -> None:
    (track,) = history(zip(("0.1", "0.2", "0.3"), verdicts, strict=True))
    (change,) = changes(track)
    assert (change.kind, change.since.version, change.key) == (kind, since, "conv/native")
    assert change.cases == (CASE,)


def test_runs_of_one_version_follow_by_date(history) -> None:
    (track,) = history([("0.1", "agrees"), ("0.1", "differs")])
    (change,) = changes(track)
    assert (change.kind, track.label(change.since)) == ("broke", "0.1 2026-01-02")


def test_only_the_same_checks_can_drift(run_of, outcome) -> None:
    def run(day, ratios):
        given = (outcome(variant="jax", case=f"conv1d:i{n + 9}_k3", ratio=r) for n, r in ratios)
        return run_of(*given, started=f"2026-01-0{day}T00:00:00Z")

    few, many = [(0, 0.1)], [(0, 0.4), (1, 0.4)]
    (track,) = tracks([run(1, few), run(2, many)])
    assert drifts(track) == ()
    (track,) = tracks([run(1, few), run(2, many), run(3, [(0, 0.3)])])
    assert [(d.first, d.last) for d in drifts(track)] == [(0.1, 0.3)]


def test_the_text_names_the_change_and_its_case(history) -> None:
    said = "\n".join(text.lines(history([("0.1", "agrees"), ("0.2", "differs")]), {}, 5))
    assert f"conv/native since 0.2, not yet in 0.1: 1 case, as {CASE}" in said


def test_what_a_run_lacks_is_told(run_of, outcome) -> None:
    lost = Loaded(name="jax==0.9.2", error="no such version")
    short = run_of(outcome(), checks=1_200, variants=(Loaded(name="torch"), lost))
    assert remark(run_of(outcome())) == ""
    said = "jax==0.9.2 could not be run: no such version; it ended after 1 of 1,200 checks"
    assert remark(short) == said
    assert list(text.lines(tracks([short]), {"a": "", "b": said}, 5))[-1] == f"b: {said}"
    assert f"<code>b</code>: {said}" in html.document(tracks([short]), {"a": "", "b": said})


def test_a_hostile_run_adds_nothing_to_the_page(run_of, wrong) -> None:
    everywhere = dict.fromkeys(("variant", "op", "method", "case"), HOSTILE)
    run = run_of(wrong(**everywhere), started=HOSTILE, path=HOSTILE)
    page = html.document(tracks([run, run]), {HOSTILE: HOSTILE})
    assert not re.search(r"<(script|img|link|iframe)", page)
    assert page.count("</style>") == 1


def test_the_command_writes_a_page(tmp_path, run_of, outcome, wrong) -> None:
    for name, make in (("a", outcome), ("b", wrong)):
        run = run_of(make(), started=f"2026-01-0{1 + (name == 'b')}T00:00:00Z")
        writer = Writer(tmp_path / name / "run.jsonl")
        for line in (run.header, *run.variants.values(), *run.outcomes, run.end):
            writer.write(line)
        writer.close()
    page = tmp_path / "history.html"
    done = CliRunner().invoke(command, [str(tmp_path), "-o", str(page)])
    assert done.exit_code == 0
    assert "broke (agreed before, and no longer)" in done.output
    assert "1 check that once agreed no longer does, over 2 runs." in page.read_text("utf-8")


def test_a_hostile_run_sends_nothing_to_the_terminal(tmp_path, run_of, wrong) -> None:
    text = "\x1b[31m\x07\n::error::x"
    everywhere = dict.fromkeys(("variant", "op", "method", "case"), text)
    run = run_of(wrong(**everywhere), started=text)
    writer = Writer(tmp_path / "run.jsonl")
    for line in (run.header, *run.outcomes, run.end):
        writer.write(line)
    writer.close()
    done = CliRunner().invoke(command, [str(tmp_path)], color=True)
    assert done.exit_code == 0
    assert not re.search("[\x00-\x09\x0b-\x1f]|^::", done.output, re.MULTILINE)


def test_what_gave_no_number_is_drawn_as_bad_unless_it_agrees(history) -> None:
    (track,) = history(
        [("0.1", "known"), ("0.2", "raised"), ("0.3", "agrees")], ratio=None, ulp=None
    )
    (small,) = html.smalls(track, changes(track))
    heights = [dot.y for dot in small.dots]
    assert heights[0] == heights[1] < html.HEIGHT / 2 < heights[2]
