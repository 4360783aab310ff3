"""A crew of Dask workers: hands out chunks, takes in what they found, survives their loss."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from convergent.backends import registry
from convergent.cases.errors import BackendUnavailable, ClusterUnavailable
from convergent.harness import costs, environment, record
from convergent.harness.cluster import task
from convergent.harness.cluster.chunks import Chunk, cut
from convergent.harness.crew import Desk, Spent
from convergent.harness.outcome import Outcome
from convergent.harness.plan import Work
from convergent.harness.record import Loaded
from convergent.harness.workers import Times

GRACE = 20.0  # seconds for tasks that are told to stop to bring home what they have
_TICK = 0.2
_LOOK = 5.0  # seconds between looks at whether any worker is left
_SAME = ("version", "python", "numpy")


class Hands:
    """The workers of a Dask cluster; ``needs`` are the resources that each variant takes."""

    def __init__(self, client: Any, needs: Mapping[str, dict[str, float]], wait: float) -> None:
        self._client, self._needs, self._wait = client, needs, wait
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pending: dict[Any, Chunk] = {}
        self._stop = f"convergent-{uuid.uuid4().hex}"
        self._loaded: dict[str, Loaded] = {}
        self._dropped: set[str] = set()
        self._times: list[Times] = []
        self._hopeful = time.monotonic()

    def work(self, left: Mapping[str, list[Work]], desk: Desk) -> Spent:
        """Run what is left."""
        self._desk, self._left = desk, sum(len(w.keys) for works in left.values() for w in works)
        ends = None if desk.options.budget is None else time.monotonic() + desk.options.budget
        slots = sum(self._client.nthreads().values())
        interrupted = False
        try:
            for chunk in cut(left, slots, costs.measured(desk.options.durations)):
                self._submit(chunk)
            while self._pending and not desk.stop.is_set():
                if ends is not None and time.monotonic() > ends:
                    break
                self._take_next()
            self._finish()
        except KeyboardInterrupt:
            interrupted = True
            desk.stop.set()
            self._finish()
        finally:
            self._client.cancel(list(self._pending), force=True)
        return Spent(times=self._times, left=self._left, interrupted=interrupted)

    def unmet(self) -> list[str]:
        """Return the variants that no worker at hand could run."""
        offers = [each.get("resources") or {} for each in self._workers().values()]
        return [
            variant
            for variant, need in self._needs.items()
            if not any(all(offer.get(k, 0) >= n for k, n in need.items()) for offer in offers)
        ]

    def _workers(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.scheduler_info()["workers"]
        return found

    def _submit(self, chunk: Chunk) -> None:
        plain = registry.variant(chunk.variant).source is None
        order = task.Order(
            variant=chunk.variant,
            works=tuple((str(work.case), tuple(work.keys)) for work in chunk.works),
            timeout=self._desk.options.timeout,
            repeat=self._desk.options.repeat,
            most_memory=self._desk.options.most_memory,
            version=environment.version(),
            framework=(registry.version(chunk.variant) or "") if plain else "",
            stop=self._stop,
            variables=environment.variables(),
        )
        future = self._client.submit(
            task.run,
            msgspec.json.encode(order),
            resources=self._needs[chunk.variant] or None,
            pure=False,
            key=f"convergent-{chunk.variant}-{uuid.uuid4().hex}",
        )
        self._pending[future] = chunk
        future.add_done_callback(self._ready.put)

    def _take_next(self) -> None:
        try:
            future = self._ready.get(timeout=_TICK)
        except queue.Empty:
            self._see_workers()
            return
        chunk = self._pending.pop(future, None)
        if chunk is None:
            return
        self._hopeful = time.monotonic()
        try:
            report, arrays = future.result()
        except BackendUnavailable as error:
            self._drop(chunk.variant, str(error))
        except Exception as error:  # noqa: BLE001 - whatever reaches us through Dask
            self._failed(chunk, error)
        else:
            self._book(msgspec.msgpack.decode(report, type=task.Report), arrays)
        finally:
            future.release()

    def _failed(self, chunk: Chunk, error: Exception) -> None:
        """Try a chunk in halves that cost several Dask workers their lives."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        if isinstance(error, FutureCancelledError):
            return
        if not isinstance(error, KilledWorker):
            where = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise ClusterUnavailable(
                f"a Dask worker or the scheduler could not run a task ({where}); install the same "
                "convergent and distributed everywhere"
            ) from error
        if chunk.checks > 1:
            for half in chunk.halves():
                self._submit(half)
            return
        work = chunk.works[0]
        self._desk.announce(
            Loaded(
                name=chunk.variant,
                error=f"every Dask worker that ran {work.keys[0]} of {work.case} was lost",
            )
        )

    def _book(self, report: task.Report, arrays: dict[str, Any]) -> None:
        self._times.append(report.times)
        decoder = msgspec.json.Decoder(record.Line)
        for text in report.lines:
            line = decoder.decode(text)
            if isinstance(line, Outcome):
                self._left -= 1
                self._desk.emit(line, arrays.get(line.digest))
            elif isinstance(line, Loaded) and line.error:
                self._drop(line.name, line.error)
            elif isinstance(line, Loaded):
                self._meet(line)

    def _meet(self, line: Loaded) -> None:
        """Record what a variant loaded, once; all Dask workers must have loaded the same."""
        first = self._loaded.setdefault(line.name, line)
        if first is line:
            self._desk.announce(line)
        for word in _SAME:
            one, two = first.loaded.get(word), line.loaded.get(word)
            if one != two:
                raise ClusterUnavailable(
                    f"Dask workers run {line.name} with {word} {one} and {two}; install the same "
                    "everywhere"
                )

    def _drop(self, variant: str, why: str) -> None:
        """Give up what is left of a variant."""
        if variant not in self._dropped:
            self._dropped.add(variant)
            self._desk.announce(Loaded(name=variant, error=why))
        gone = [future for future, chunk in self._pending.items() if chunk.variant == variant]
        for future in gone:
            del self._pending[future]
        self._client.cancel(gone)

    def _see_workers(self) -> None:
        """Raise ``ClusterUnavailable`` once nobody has been there for long who could go on."""
        now = time.monotonic()
        if now - self._hopeful < _LOOK:
            return
        waiting = {chunk.variant for chunk in self._pending.values()}
        unmet = waiting.intersection(self.unmet())
        if not unmet:
            self._hopeful = now
        elif now - self._hopeful > self._wait:
            raise ClusterUnavailable(
                f"no Dask worker is left that could run {min(unmet)}; start one and go on with "
                "--resume"
            )

    def _finish(self) -> None:
        """Have the tasks stop, and take what they bring home."""
        from distributed import Event

        if not self._pending:
            return
        Event(self._stop, client=self._client).set()
        deadline = time.monotonic() + GRACE
        while self._pending and time.monotonic() < deadline:
            self._take_next()
