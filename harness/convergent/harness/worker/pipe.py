"""A worker's process and its pipes: every read and write ends by a deadline."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from convergent.cases.dtypes import Array
from convergent.cases.errors import WorkerLost
from convergent.harness.worker import frames, memory

MOST_BYTES = 1 << 34
_STDERR_TAIL = 4096
_READ = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of Linux: a worker need not wait until an answer is read
_SLICE = 0.25  # seconds between looks at a process whose pipe is silent
_GRACE = 5.0  # seconds for a process that closed its pipe to end


class TimedOut(WorkerLost):
    """A worker that gave no answer within the limit, and was killed."""


class Oversized(WorkerLost):
    """A worker that sent far more than any right answer has, and was killed."""


class TooLarge(WorkerLost):
    """A worker that took more memory than it may, and was killed."""


class Pipe:
    """A process that speaks in frames. After ``WorkerLost`` it is gone.

    It is killed when it and its children hold more than ``most_memory`` bytes (0: no limit). What
    it leaves in its folder for temporary files (AutoGraph a file for each function that it traces)
    goes with it: who is killed cleans nothing up.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], most_memory: int = 0
    ) -> None:
        self._most_memory = most_memory
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._scratch = tempfile.TemporaryDirectory(
            prefix="convergent-worker-", ignore_cleanup_errors=True
        )
        self._buffer = bytearray()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**environment, "TMPDIR": self._scratch.name},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        with contextlib.suppress(OSError):  # a user may have so many, or a system none at all
            fcntl.fcntl(self._out, _SET_PIPE_SIZE, _READ)

    def send(self, header: dict[str, Any], arrays: Sequence[Array], timeout: float) -> None:
        """Write a frame. A broken pipe is silent: the answer that never comes says why."""
        waiting = memoryview(frames.pack(header, arrays))
        deadline = time.monotonic() + timeout
        while waiting:
            if not self._wait(self._in, select.POLLOUT, deadline):
                return
            try:
                waiting = waiting[os.write(self._in, waiting) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return

    def receive(self, timeout: float, most: int = MOST_BYTES) -> frames.Frame:
        """Read a frame whose arrays hold ``most`` bytes at most.

        Raises ``TimedOut``, ``Oversized`` (with the shape) or ``WorkerLost``.
        """
        deadline = time.monotonic() + timeout
        try:
            header, body = frames.size(self._read(frames.HEAD, deadline))
            text = self._read(header, deadline)
            if body > most:
                raise Oversized(f"{frames.shapes(text)}, {body} bytes")
            return frames.unpack(text, self._read(body, deadline))
        except WorkerLost:
            self.kill()
            raise

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
        self._scratch.cleanup()

    def stderr_tail(self) -> str:
        """Return the last lines that the process wrote."""
        end = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, end - _STDERR_TAIL))
        return self._stderr.read().decode(errors="replace").strip()

    def _read(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            if not self._wait(self._out, select.POLLIN, deadline):
                raise WorkerLost(self._ending())
            chunk = os.read(self._out, _READ)
            if not chunk:
                raise WorkerLost(self._ending())
            self._buffer += chunk
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def _wait(self, descriptor: int, event: int, deadline: float) -> bool:
        """Wait until a pipe is ready; ``False`` if the process ended meanwhile.

        A child of the process may hold its pipe open: the end of file would never come.
        """
        poll = select.poll()
        poll.register(descriptor, event)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self.kill()
                raise TimedOut("no answer within the time limit; the worker was killed")
            if poll.poll(min(left, _SLICE) * 1000):
                return True
            if self._process.poll() is not None and not poll.poll(0):
                return False
            self._see_memory()

    def _see_memory(self) -> None:
        held = memory.resident(self._process.pid) if self._most_memory else 0
        if held > self._most_memory:
            self.kill()
            raise TooLarge(
                f"the worker held {memory.gibibytes(held)} of memory, more than the "
                f"{memory.gibibytes(self._most_memory)} of --max-memory; it was killed"
            )

    def _ending(self) -> str:
        try:
            status = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return "the worker closed its pipe and went on; it was killed"
        if status >= 0:
            return f"the worker ended with status {status} without an answer"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"the worker was ended by {name}"
