"""The referee's side of a worker: starting it, asking it, and surviving it."""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from convergent.backends import registry
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.errors import BackendUnavailable, WorkerLost
from convergent.harness.worker import frames

START_LIMIT = 300.0  # seconds for importing a framework
PERTURB = {"MALLOC_PERTURB_": "128"}
"""glibc fills fresh memory with 0x7f (3.4e38, or NaN in float16): a kernel that returns memory it
never wrote does so every time, not when the allocator happens to hand out a dirty block. See
mallopt(3). What the environment sets itself wins."""
CROWDED = {"OMP_WAIT_POLICY": "passive"}
"""Where several workers share the cores, threads that spin while they wait take them from each
other: PyTorch beside JAX was 15 times slower on two cores. How threads wait changes no result."""
_STDERR_TAIL = 4096
_READ = 1 << 20


class Answer(NamedTuple):
    """What a worker said of a check; ``is`` of the header is ``result`` or ``raised``."""

    header: dict[str, Any]
    arrays: list[Any]


class TimedOut(WorkerLost):
    """A worker that gave no answer within the limit, and was killed."""


class Client:
    """One worker process of one backend. Raises ``BackendUnavailable`` if it does not load.

    ``send`` and ``answer`` may be one request apart, so that the worker computes while the
    referee judges. After ``WorkerLost`` the client is dead; start another. ``crowded`` says
    that other workers run beside this one.
    """

    def __init__(self, backend: str, *, crowded: bool = False) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._buffer = bytearray()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "convergent.harness.worker", backend, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**(CROWDED if crowded else {}), **_environment(backend)},
            start_new_session=True,
            bufsize=0,
        )
        self.started: str = ""  # the key of the check that the worker began last
        try:
            said = self._frame(time.monotonic() + START_LIMIT).header
        except WorkerLost as lost:
            self.close()
            raise BackendUnavailable(f"the worker of {backend} did not start: {lost}") from lost
        if said.get("is") != "ready":
            self.close()
            raise BackendUnavailable(str(said.get("message", "the worker said nothing of use")))
        self.loaded: dict[str, Any] = said["loaded"]
        self._check_version(backend)
        self.start_seconds: float = said["seconds"]

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def take(self, case: Case, operands: Operands) -> None:
        """Hand over the case that the following checks are of."""
        self._write(frames.pack({"do": "case", "case": str(case)}, operands))

    def send(self, key: str) -> None:
        """Ask for ``op/method`` of the case at hand."""
        self._write(frames.pack({"do": "check", "key": key}))

    def answer(self, timeout: float) -> Answer:
        """Return the answer to the oldest open request.

        Raises ``TimedOut`` after ``timeout`` seconds and ``WorkerLost`` if the process ended or
        spoke garbage; in both cases it is gone afterwards.
        """
        self.started = ""
        deadline = time.monotonic() + timeout
        while True:
            frame = self._frame(deadline)
            if frame.header.get("is") == "start":
                self.started = str(frame.header.get("key"))
                continue
            if frame.header.get("is") not in ("result", "raised"):
                self._lose(f"garbage in a frame: {str(frame.header)[:80]}")
            return Answer(frame.header, frame.arrays)

    def _check_version(self, backend: str) -> None:
        """See that the framework is the one that was asked for, not one found on some path."""
        asked, loaded = registry.version(backend), str(self.loaded.get("version"))
        if asked is not None and asked.partition("+")[0] != loaded.partition("+")[0]:
            self.close()
            raise BackendUnavailable(
                f"{backend} {asked} is installed, but the worker loaded {loaded} from "
                f"{self.loaded.get('file')}; look at PYTHONPATH"
            )

    def kill(self) -> None:
        """End the process and everything it started; what it wrote stays readable."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Kill the process and close the pipes."""
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream:
                stream.close()

    def stderr_tail(self) -> str:
        """Return the last lines that the process wrote, where a native stack would be."""
        end = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, end - _STDERR_TAIL))
        return self._stderr.read().decode(errors="replace").strip()

    def _write(self, content: bytes) -> None:
        assert self._process.stdin is not None
        waiting = memoryview(content)
        try:
            while waiting:
                waiting = waiting[self._process.stdin.write(waiting) :]
        except BrokenPipeError:
            return  # the answer that never comes will say so, with the reason

    def _frame(self, deadline: float) -> frames.Frame:
        try:
            header, body = frames.size(self._read(frames.HEAD, deadline))
            return frames.unpack(self._read(header, deadline), self._read(body, deadline))
        except TimedOut:
            raise
        except WorkerLost as lost:
            self._lose(str(lost))
            raise

    def _read(self, count: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while len(self._buffer) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self.kill()
                raise TimedOut("no answer within the time limit; the worker was killed")
            chunk = os.read(descriptor, _READ)
            if not chunk:
                raise WorkerLost(self._ending())
            self._buffer += chunk
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _lose(self, reason: str) -> None:
        self.kill()
        raise WorkerLost(reason)

    def _ending(self) -> str:
        status = self._process.wait()
        if status >= 0:
            return f"the worker ended with status {status} without an answer"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"the worker was ended by {name}"


def source_roots() -> list[str]:
    """Return the folders that hold the parts of the namespace package ``convergent``."""
    paths = importlib.import_module("convergent").__path__
    return [str(Path(path).parent) for path in paths]


def _environment(backend: str) -> dict[str, str]:
    """Return a worker's environment: this project importable, the working folder not."""
    inherited = os.environ.get("PYTHONPATH", "")
    path = [*source_roots(), *([inherited] if inherited else [])]
    added = {"PYTHONPATH": os.pathsep.join(path), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
    cache = str(platformdirs.user_cache_path("convergent"))
    own = {k: v.format(cache=cache) for k, v in registry.get(backend).environment.items()}
    return {**PERTURB, **own, **os.environ, **added}
