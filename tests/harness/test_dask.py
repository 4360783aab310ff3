"""Runs on a Dask cluster: the same verdicts, whatever happens to its workers."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from unittest import mock

import pytest

from convergent.cases.errors import ClusterUnavailable
from convergent.cases.text import parse
from convergent.harness import costs, record, run
from convergent.harness.cluster import chunks, connect, hands, task
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.plan import Work

distributed = pytest.importorskip("distributed")

CASES = [parse(f"conv2d:n2_i{size}x5_c2_k3_o3_pSAME") for size in range(4, 10)]
NONE = Ledger(())


def options(folder, **changes):
    return Options(**({"variants": ("scipy",), "folder": folder, "jobs": 1} | changes))


def found(read):
    return {(o.id, o.verdict, o.digest, o.ratio) for o in read.outcomes}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return run.run(CASES, options(tmp_path_factory.mktemp("plain")), NONE).run


@pytest.fixture
def small(monkeypatch):
    """Cut a handful of chunks."""
    monkeypatch.setattr(chunks, "SHORTEST", 0.0)
    monkeypatch.setattr(chunks, "EACH", 2)


def test_two_processes_come_to_the_same(tmp_path, small, plain):
    result = run.run(CASES, options(tmp_path, dask="local:2"), NONE)
    assert result.exit_code == 0
    assert found(result.run) == found(plain)
    assert result.run.header.plan == plain.header.plan
    assert result.run.variants["scipy"].loaded["version"]
    assert result.run.end.workers > 0


def test_a_killed_dask_worker_changes_nothing(tmp_path, small, plain, monkeypatch):
    died = tmp_path / "died"
    monkeypatch.setattr(task, "run", mortal(died))
    result = run.run(CASES, options(tmp_path, dask="local:2"), NONE)
    assert int(died.read_text()) != os.getpid()
    assert result.exit_code == 0
    assert found(result.run) == found(plain)


def mortal(path):
    """Return a task that once, with a chunk begun, kills its Dask worker, named in ``path``."""

    def run(order):
        emit = task._Book.emit

        def emit_and_die(self, outcome, array):
            emit(self, outcome, array)
            with contextlib.suppress(FileExistsError), path.open("x") as file:
                file.write(str(os.getpid()))
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)

        with mock.patch.object(task._Book, "emit", emit_and_die):
            return task.run(order)

    return run


def test_an_interrupted_run_is_resumed(tmp_path, plain):
    cases = [f"--case={case}" for case in CASES]
    script = (
        "from convergent.harness.cluster import chunks; chunks.SHORTEST = 0.0;"
        "from convergent.harness.cli import main; main()"
    )
    command = ["run", "--backend=scipy", "--dask=local:1", "-o", str(tmp_path), *cases]
    process = subprocess.Popen(
        [sys.executable, "-c", f"if __name__ == '__main__':\n {script}", *command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    path = tmp_path / run.RUN_FILE
    while not (path.exists() and path.stat().st_size > 5_000) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert record.read(path).end.interrupted
    resumed = run.run(CASES, options(tmp_path, resume=True), NONE)
    assert found(resumed.run) == found(plain)


@pytest.mark.parametrize("address", ["nonsense", "tcp://nonsense", "local:", "local:x", "host:"])
def test_what_is_no_address_is_an_error_and_no_wait(address):
    with (
        pytest.raises(ClusterUnavailable, match="write it like tcp://host:8786, or local:4"),
        connect.connected(address, ["scipy"]),
    ):
        pass


def test_no_scheduler_is_an_error_and_no_wait():
    with (
        pytest.raises(ClusterUnavailable, match="dask scheduler"),
        connect.connected("tcp://127.0.0.1:9", ["scipy"], wait=0.5),
    ):
        pass


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as made:
        yield made


def test_nobody_with_a_gpu_is_an_error_and_no_wait(cluster):
    with (
        pytest.raises(ClusterUnavailable, match=r'--resources "cuda=1"'),
        connect.connected(cluster.scheduler_address, ["scipy", "torch:cuda"]),
    ):
        pass


def test_no_worker_is_an_error_and_no_wait():
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0"
        ) as empty,
        pytest.raises(ClusterUnavailable, match="no Dask worker connected"),
        connect.connected(empty.scheduler_address, ["scipy"], wait=0.5),
    ):
        pass


def test_another_version_on_the_workers_is_said(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(hands.registry, "version", lambda name: "1.0")
    monkeypatch.setattr(task.registry, "version", lambda name: "2.0")
    with connect.connected(cluster.scheduler_address, ["scipy"]) as crew:
        desk = Desk(options(tmp_path))
        monkeypatch.setattr(task, "_see_versions", seen_versions("1.0", "2.0"))
        spent = crew.work({"scipy": [Work(CASES[0], ["conv/correlate"])]}, desk)
    assert spent.left == 1
    assert "has scipy 2.0, the run 1.0" in desk.variants[0].error


def seen_versions(begun, here):
    """Return what a Dask worker of other versions does: both sides are this process."""
    real = task._see_versions

    def see(order):
        real(task.msgspec.structs.replace(order, framework=begun))

    return see


class Desk:
    """Takes what a crew finds."""

    def __init__(self, asked):
        self.options, self.stop = asked, threading.Event()
        self.outcomes, self.variants = [], []

    def emit(self, outcome, array):
        self.outcomes.append(outcome)

    def announce(self, variant):
        self.variants.append(variant)


def test_what_kills_every_dask_worker_is_left_out_and_said(tmp_path, cluster, monkeypatch):
    """One check of six kills its Dask worker: the chunk is halved until it is alone."""
    deadly = "conv/correlate"

    def lethal(order):
        asked = task.msgspec.json.decode(order, type=task.Order)
        if any(deadly in keys and line == str(CASES[1]) for line, keys in asked.works):
            raise distributed.KilledWorker("task", SimpleNamespace(address="lost"), 3)
        return real(order)

    real = task.run
    monkeypatch.setattr(task, "run", lethal)
    keys = ["conv/convolve", deadly]
    desk = Desk(options(tmp_path))
    with connect.connected(cluster.scheduler_address, ["scipy"]) as crew:
        spent = crew.work({"scipy": [Work(case, keys) for case in CASES[:3]]}, desk)
    assert spent.left == 1
    assert len(desk.outcomes) == 5
    assert f"{deadly} of {CASES[1]}" in desk.variants[-1].error


def test_frameworks_have_the_environment_of_the_run_and_not_that_of_dask(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as Dask sets it in its workers
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "ALL")  # so that it is taken back afterwards
    task._settle({"ONEDNN_MAX_CPU_ISA": "AVX2", "CUDA_VISIBLE_DEVICES": "0"})
    assert os.environ["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["MKL_NUM_THREADS"] == "3"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


def test_chunks_hold_every_check_once_and_variants_take_turns():
    left = {name: [Work(case, ["conv/a", "conv/b"]) for case in CASES] for name in ("torch", "jax")}
    made = chunks.cut(left, 2, lambda variant, work: 10.0)
    assert [name for name, _ in zip((c.variant for c in made), range(4), strict=False)] == [
        *("torch", "jax", "torch", "jax")
    ]
    for name, works in left.items():
        assert [work for c in made if c.variant == name for work in c.works] == works
    assert len(made) >= 2 * chunks.EACH
    one = chunks.Chunk(variant="jax", works=(left["jax"][0],))
    assert [half.works[0].keys for half in one.halves()] == [["conv/a"], ["conv/b"]]
    assert costs.Costs()("jax", one.works[0]) > 0
