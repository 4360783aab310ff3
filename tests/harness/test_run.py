"""Runs: recorded as they go, resumable after a kill, and the same whatever happened on the way."""

import fcntl
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import msgspec
import pytest

from convergent.cases.errors import FolderInUse, RunFileDamaged
from convergent.cases.text import parse
from convergent.harness import record, run
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.worker import client

CASES = [parse(f"conv2d:n2_i{size}x5_c2_k3_o3_pSAME") for size in range(4, 24)]


def options(folder, **changes):
    return Options(variants=("scipy",), folder=folder, **changes)


def verdicts(outcomes):
    return Counter((o.id, o.verdict, o.digest) for o in outcomes)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run.run(CASES, options(tmp_path_factory.mktemp("whole")), Ledger(()))


def test_a_clean_run_is_clean(undisturbed):
    assert undisturbed.exit_code == 0
    assert undisturbed.run.header.checks == len(undisturbed.run.outcomes)
    assert undisturbed.run.end.harness < undisturbed.run.end.workers
    assert undisturbed.run.variants["scipy"].loaded["version"]


def test_a_run_file_survives_a_cut_at_any_byte_and_is_resumed(tmp_path, undisturbed):
    whole = (tmp_path.parent / undisturbed.run.path).read_bytes()
    for share in (0.0, 0.001, 0.3, 0.5001, 0.9):
        folder = tmp_path / str(share)
        folder.mkdir()
        (folder / run.RUN_FILE).write_bytes(whole[: int(len(whole) * share)])
        resumed = run.run(CASES, options(folder, resume=True), Ledger(()))
        assert verdicts(resumed.run.outcomes) == verdicts(undisturbed.run.outcomes)
        assert resumed.run.damaged == 0


def test_a_run_that_was_killed_before_its_first_check_has_one_header(tmp_path, undisturbed):
    path = tmp_path / run.RUN_FILE
    path.write_bytes(
        (tmp_path.parent / undisturbed.run.path).read_bytes().partition(b"\n")[0] + b"\n"
    )
    resumed = run.run(CASES, options(tmp_path, resume=True), Ledger(()))
    assert verdicts(resumed.run.outcomes) == verdicts(undisturbed.run.outcomes)
    assert path.read_bytes().count(b'{"type":"run"') == 1


def test_resuming_another_run_is_refused_and_loses_nothing(tmp_path, undisturbed):
    path = tmp_path / run.RUN_FILE
    path.write_bytes((tmp_path.parent / undisturbed.run.path).read_bytes())
    before = path.read_bytes()
    with pytest.raises(RunFileDamaged, match="other checks"):
        run.run(CASES[:3], options(tmp_path, resume=True), Ledger(()))
    assert path.read_bytes() == before


def test_a_second_run_puts_the_first_aside(tmp_path):
    for _ in range(2):
        run.run(CASES[:1], options(tmp_path), Ledger(()))
    assert len(list(tmp_path.glob("run*.jsonl"))) == 2


def test_a_killed_worker_loses_nothing_and_changes_nothing(tmp_path, undisturbed, monkeypatch):
    """Killed from outside at three moments: while it starts and twice at work."""
    killed, requests = [], itertools.count()

    class Mortal(client.Pipe):
        def __init__(self, *args):
            super().__init__(*args)
            if not killed:
                self.die()

        def send(self, *args):
            super().send(*args)
            if next(requests) in (10, 100):
                self.die()

        def die(self):
            killed.append(self._process.pid)
            os.kill(self._process.pid, signal.SIGKILL)

    monkeypatch.setattr(client, "Pipe", Mortal)
    result = run.run(CASES, options(tmp_path, jobs=1), Ledger(()))
    assert len(set(killed)) == 3
    assert verdicts(result.run.outcomes) == verdicts(undisturbed.run.outcomes)
    assert len(list(tmp_path.rglob("*.jsonl"))) == 1


def test_a_killed_harness_is_resumed_to_the_same_counts(tmp_path, undisturbed):
    script = (
        "import sys; from pathlib import Path; from convergent.harness import run;"
        "from convergent.harness.ledger import Ledger; from convergent.cases.text import parse;"
        "from convergent.harness.options import Options;"
        "run.run([parse(line) for line in sys.argv[2:]],"
        "Options(variants=('scipy',), folder=Path(sys.argv[1])), Ledger(()))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path, *map(str, CASES)])
    path = tmp_path / run.RUN_FILE
    while not (path.exists() and path.stat().st_size > 20_000) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    recorded = [json.loads(line) for line in path.read_bytes().splitlines(keepends=True)
                if line.endswith(b"\n")]  # fmt: skip
    resumed = run.run(CASES, options(tmp_path, resume=True), Ledger(()))
    assert verdicts(resumed.run.outcomes) == verdicts(undisturbed.run.outcomes)
    kept = {o.id for o in resumed.run.outcomes}
    checks = [r for r in recorded if r["type"] == "check"]
    assert checks
    assert all("/".join((r["variant"], r["op"], r["method"], r["case"])) in kept for r in checks)


def test_the_seed_changes_the_data_and_not_the_verdicts(tmp_path, undisturbed):
    other = run.run(CASES, options(tmp_path, seed=7), Ledger(()))
    assert other.exit_code == 0
    assert {o.digest for o in other.run.outcomes}.isdisjoint(
        {o.digest for o in undisturbed.run.outcomes}
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no header"), (b"{}\nnot json\n", "no header"), (b'{"type":"end"}', "no header")],
)
def test_a_file_that_is_no_run_is_said(tmp_path, content, said):
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(RunFileDamaged, match=said):
        record.read(path)


def test_a_missing_run_file_is_said(tmp_path):
    with pytest.raises(RunFileDamaged, match="cannot be read"):
        record.read(tmp_path / "none.jsonl")


def test_a_later_line_wins(tmp_path, undisturbed):
    path = tmp_path / "run.jsonl"
    path.write_bytes((tmp_path.parent / undisturbed.run.path).read_bytes())
    first = undisturbed.run.outcomes[0]
    writer = record.Writer(path)
    writer.write(
        Outcome(variant=first.variant, op=first.op, method=first.method, case=first.case,
                verdict="crashed")
    )  # fmt: skip
    writer.close()
    again = record.read(path)
    assert len(again.outcomes) == len(undisturbed.run.outcomes)
    assert next(o for o in again.outcomes if o.id == first.id).verdict == "crashed"


def test_two_runs_do_not_share_a_folder(tmp_path):
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderInUse, match="another run"):
            run.run(CASES[:1], options(tmp_path), Ledger(()))
    assert not (tmp_path / run.RUN_FILE).exists()


def test_a_run_is_not_resumed_with_another_version(tmp_path, undisturbed):
    path = tmp_path / run.RUN_FILE
    whole = (tmp_path.parent / undisturbed.run.path).read_text().splitlines(keepends=True)
    version = undisturbed.run.variants["scipy"].loaded["version"]
    path.write_text("".join(whole[:30]).replace(f'"version":"{version}"', '"version":"1.0.0"'))
    with pytest.raises(RunFileDamaged, match="begun with scipy"):
        run.run(CASES, options(tmp_path, resume=True), Ledger(()))


def test_what_is_no_run_file_is_not_touched_by_resume(tmp_path):
    path = tmp_path / run.RUN_FILE
    path.write_text("my precious notes")
    with pytest.raises(RunFileDamaged, match="no header"):
        run.run(CASES, options(tmp_path, resume=True), Ledger(()))
    assert path.read_text() == "my precious notes"


def test_a_run_that_lacks_checks_is_not_clean(undisturbed):
    short = msgspec.structs.replace(undisturbed.run, outcomes=undisturbed.run.outcomes[:-1])
    assert run.Result(run=short).exit_code == 3


def test_a_full_disk_ends_a_run_with_a_valid_file_that_is_resumed(tmp_path, undisturbed):
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY));"
        "import sys; from convergent.harness.cli import main;"
        "sys.argv = ['convergent', *sys.argv[1:]]; main()"
    )
    cases = [f"--case={case}" for case in CASES]
    command = ["run", "--backend", "scipy", "-j", "1", "-o", str(tmp_path), *cases]
    full = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=False
    )
    assert full.returncode == 2, full.stderr
    assert "File too large; what was recorded is whole" in full.stderr
    assert record.read(tmp_path / run.RUN_FILE).damaged == 0
    assert "Traceback" not in full.stderr
    resumed = run.run(CASES, options(tmp_path, resume=True), Ledger(()))
    assert verdicts(resumed.run.outcomes) == verdicts(undisturbed.run.outcomes)


def test_a_case_too_large_for_the_referee_is_said(tmp_path):
    result = run.run([parse("conv3d:i99999_k1")], options(tmp_path), Ledger(()))
    found = {o.verdict for o in result.run.outcomes}
    assert found == {"mistrusted", "unsupported"}
