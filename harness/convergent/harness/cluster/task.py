"""What runs inside a Dask worker: one chunk of one variant, by a framework process of its own.

A framework that crashes ends that process alone; Dask's worker never notices.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from convergent.backends import registry
from convergent.cases.dtypes import Array
from convergent.cases.errors import BackendUnavailable
from convergent.cases.text import parse
from convergent.harness import environment, record
from convergent.harness.drive import Driver
from convergent.harness.outcome import PASSING, Outcome
from convergent.harness.plan import Work
from convergent.harness.record import Loaded
from convergent.harness.referee import Referee
from convergent.harness.spoils import LARGEST
from convergent.harness.workers import Times

MOST_BYTES = 16 * LARGEST  # of wrong results that a task brings home
_LOOKS = "1s"  # between looks at whether the run was stopped


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk: the checks of ``variant`` by case line, and how to run them."""

    variant: str
    works: tuple[tuple[str, tuple[str, ...]], ...]
    timeout: float
    repeat: int
    most_memory: int | None
    version: str  # of this project
    framework: str  # its version where the run was begun; empty if that does not matter
    stop: str  # name of the event that stops the run
    variables: dict[str, str]  # of the run's environment, that change what a framework computes


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a chunk; ``lines`` are a run file's, ``arrays`` wrong results by digest."""

    lines: tuple[bytes, ...]
    times: Times
    arrays: dict[str, Any]


def run(order: bytes) -> tuple[bytes, dict[str, Array]]:
    """Run a chunk and return its report, encoded, and wrong results.

    Raises ``BackendUnavailable`` where this machine has other versions than the run.
    """
    asked = msgspec.json.decode(order, type=Order)
    _see_versions(asked)
    _settle(asked.variables)
    book, stop = _Book(), threading.Event()
    driver = Driver(
        asked.variant,
        referee=Referee(),
        emit=book.emit,
        announce=book.announce,
        timeout=asked.timeout,
        repeat=asked.repeat,
        stop=stop,
        crowded=True,
        most_memory=asked.most_memory,
    )
    works = (Work(parse(line), list(keys)) for line, keys in asked.works)
    with _watched(asked.stop, stop, driver.interrupt), contextlib.suppress(BackendUnavailable):
        driver.run(works)  # what does not load is announced
    report = Report(lines=tuple(book.lines), times=driver.times, arrays={})
    return msgspec.msgpack.encode(report), book.arrays


class _Book:
    """Takes down what a driver says."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.arrays: dict[str, Array] = {}
        self._bytes = 0

    def emit(self, outcome: Outcome, array: Array | None) -> None:
        self.lines.append(record.encoded(outcome))
        if array is None or outcome.verdict in PASSING or array.nbytes > LARGEST:
            return
        self._bytes += array.nbytes
        if self._bytes <= MOST_BYTES:
            self.arrays[outcome.digest] = np.ascontiguousarray(array)

    def announce(self, variant: Loaded) -> None:
        self.lines.append(record.encoded(variant))


def _settle(variables: dict[str, str]) -> None:
    """Give framework processes the environment that the run's own would have.

    Dask sets OMP_NUM_THREADS=1 and the like in its workers (``distributed.nanny.pre-spawn-environ``
    of its configuration): with other threads the results have other bits. Which device is visible
    is for the machine to say.
    """
    import dask

    for name, value in dask.config.get("distributed.nanny.pre-spawn-environ", {}).items():
        if os.environ.get(name) == str(value):
            del os.environ[name]
    os.environ.update({k: v for k, v in variables.items() if k != "CUDA_VISIBLE_DEVICES"})


def _see_versions(order: Order) -> None:
    here = environment.version()
    if here != order.version:
        raise BackendUnavailable(
            f"a Dask worker has convergent {here}, the run {order.version}; install the same there"
        )
    found = registry.version(order.variant) if order.framework else ""
    if str(found).partition("+")[0] != order.framework.partition("+")[0]:
        raise BackendUnavailable(
            f"a Dask worker has {registry.backend_of(order.variant)} {found}, "
            f"the run {order.framework}; install the same there"
        )


@contextlib.contextmanager
def _watched(name: str, stop: threading.Event, interrupt: Callable[[], None]) -> Iterator[None]:
    """Stop when the cluster's event ``name`` is set; the driver's worker is killed then."""
    from distributed import Event, get_client

    event, over = Event(name, client=get_client()), threading.Event()
    if event.is_set():
        stop.set()

    def watch() -> None:
        with contextlib.suppress(Exception):  # the scheduler is gone: this worker ends as well
            while not over.is_set():
                if event.wait(_LOOKS):
                    stop.set()
                    interrupt()
                    return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
