"""The serving side: loads one framework and runs checks until its pipe ends.

It only runs: what is right is for the referee to say. Before each check it says which, so that the
referee knows what a crash or a hang belongs to.
"""

from __future__ import annotations

import ctypes
import faulthandler
import fcntl
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from convergent.backends import registry
from convergent.backends.base import Backend, Result, Tensors
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.text import parse
from convergent.harness.worker import frames

_PR_SET_PDEATHSIG = 1
_TRACE_LINES = 12
_LONGEST_LINE = 2000
_MOST_PRINTED = 1 << 16


def main(argv: list[str]) -> int:
    """Serve a variant on the standard streams; ``argv``: its name and the referee's process id."""
    name, referee = argv
    requests, answers, printed = _take_streams()
    _guard_process(int(referee))
    backend = _load(name, answers)
    server = _Server(backend, answers, printed)
    while True:
        frame = frames.receive(requests.read)
        if frame is None:
            return 0
        server.serve(frame)


def _take_streams() -> tuple[BinaryIO, BinaryIO, _Printed]:
    """Keep the pipes for frames alone: what a framework prints goes to a file of its own."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return requests, answers, _Printed()


class _Printed:
    """Standard output as a file that is read and emptied after every call."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_APPEND)
        os.dup2(self._file.fileno(), 1)

    def __call__(self) -> str:
        """Return what was printed since the last call; of very much, the beginning."""
        if not os.fstat(1).st_size:
            return ""
        text = os.pread(1, _MOST_PRINTED, 0)
        os.ftruncate(1, 0)
        return text.decode(errors="replace")


def _guard_process(referee: int) -> None:
    """Leave native stacks but no core dumps, and do not outlive the referee."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != referee:  # it died before the line above could tell
        _give_up()


def _load(name: str, answers: BinaryIO) -> Backend:
    start = time.perf_counter()
    try:
        asked = registry.variant(name)
        backend = asked.backend()
        backend.enable(frozenset(mode.name for mode in asked.modes))
        loaded = {
            "python": sys.version.split()[0],
            "executable": sys.executable,
            "numpy": np.__version__,
            "modes": sorted(backend.active),
            **backend.loaded(),
        }
    except Exception as error:  # noqa: BLE001 - whatever importing a framework may raise
        unavailable = {"is": "unavailable", "message": _line(error), "trace": _trace()}
        _send(answers, frames.pack(unavailable))
        sys.exit(0)
    ready = {"is": "ready", "loaded": loaded, "seconds": time.perf_counter() - start}
    _send(answers, frames.pack(ready))
    return backend


class _Server:
    """Holds the case at hand, whose tensors every check of it shares."""

    def __init__(self, backend: Backend, answers: BinaryIO, printed: _Printed) -> None:
        self._backend, self._answers, self._printed = backend, answers, printed
        self._case: Case | None = None
        self._operands: Operands | None = None
        self._tensors: Tensors | None = None

    def serve(self, frame: frames.Frame) -> None:
        """Take a case, or run a check of it and answer."""
        if frame.header["do"] == "case":
            self._case = parse(frame.header["case"])
            self._operands, self._tensors = Operands(*frame.arrays), None
            return
        start = time.perf_counter()
        key = frame.header["key"]
        _send(self._answers, frames.pack({"is": "start", "key": key}))
        answer, arrays = self._answer(key, int(frame.header.get("times", 1)))
        answer["busy"] = time.perf_counter() - start
        answer["resident"] = _resident_bytes()
        try:
            packed = frames.pack(answer, arrays)
        except (TypeError, ValueError) as error:  # a result that no frame can hold
            packed = frames.pack({"is": "raised", "message": _line(error), "trace": ""})
        _send(self._answers, packed)

    def _answer(self, key: str, times: int) -> tuple[dict[str, Any], list[Any]]:
        assert self._case is not None
        assert self._operands is not None
        entered = 0.0
        try:
            if self._tensors is None:
                start = time.perf_counter()
                self._tensors = self._backend.tensors(self._case, self._operands)
                entered = time.perf_counter() - start
            result = self._backend.run(key, self._case, self._tensors, self._printed, times)
            changed = self._changed()
        except KeyboardInterrupt:
            _give_up()
        except BaseException as error:  # noqa: BLE001 - whatever a framework may raise
            self._tensors = None
            return {"is": "raised", "message": _line(error), "trace": _trace()}, []
        return _described(result, changed, entered), list(result.arrays)

    def _changed(self) -> list[str]:
        """Return the operands that the method changed, and take fresh ones if there are any."""
        assert self._case is not None
        assert self._operands is not None
        assert self._tensors is not None
        changed = []
        for role, given, tensor in zip(("x", "w", "dy"), self._operands, self._tensors):
            values, _ = self._backend.leave(tensor)
            axes = self._backend.axes("y" if role == "dy" else role, self._case)
            # Compared as bits: a NaN is equal to itself, a changed sign of zero is a change.
            now = np.ascontiguousarray(values).view(np.uint8)
            before = np.ascontiguousarray(given.transpose(axes)).view(np.uint8)
            if not np.array_equal(now, before):
                changed.append(role)
        if changed:
            self._tensors = None
        return changed


def _described(result: Result, changed: list[str], entered: float) -> dict[str, Any]:
    answer = {
        "is": "result",
        "dtype": str(result.dtype),
        "seconds": result.seconds,
        "kernel": result.kernel,
        "carried": entered + result.carried,
    }
    if result.reused:
        answer["reused"] = True
    return {**answer, "changed": changed} if changed else answer


def _send(answers: BinaryIO, packed: bytes) -> None:
    waiting = memoryview(packed)
    try:
        while waiting:
            waiting = waiting[answers.write(waiting) :]
    except BrokenPipeError:  # the referee is gone
        _give_up()


def _give_up() -> NoReturn:
    os._exit(0)


def _line(error: BaseException) -> str:
    """Return an exception as one line of bounded length, whatever its message does."""
    try:
        text = " ".join(str(error).split()).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - a message may raise as anything may
        text = "(its message cannot be shown)"
    if len(text) > _LONGEST_LINE:
        text = f"{text[: _LONGEST_LINE // 2]} ... {text[-_LONGEST_LINE // 4 :]}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _trace() -> str:
    """Return the last lines of the exception at hand."""
    try:
        lines = traceback.format_exc().splitlines()[-_TRACE_LINES:]
    except Exception:  # noqa: BLE001 - it formats the message
        return ""
    return "\n".join(line[:200].encode("utf-8", "backslashreplace").decode() for line in lines)


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
