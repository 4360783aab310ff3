"""The referee's side of a worker: starting it, asking it, and surviving it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from convergent.backends import registry
from convergent.backends.variant import Variant
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.errors import BackendUnavailable, WorkerLost
from convergent.harness import envs
from convergent.harness.envs import parts
from convergent.harness.worker.pipe import MOST_BYTES, Oversized, Pipe, TimedOut

__all__ = ["Answer", "Client", "Oversized", "TimedOut"]

START_LIMIT = 300.0  # seconds for importing a framework
PERTURB = {"MALLOC_PERTURB_": "128"}
"""glibc fills fresh memory with 0x7f (3.4e38, or NaN in float16): a kernel that returns memory it
never wrote does so every time, not when the allocator happens to hand out a dirty block. See
mallopt(3). What the environment sets itself wins."""
VERBOSE = {"ONEDNN_VERBOSE": "1"}
"""oneDNN says on standard output which kernel it runs (no other one, and no later)."""
CROWDED = {"OMP_WAIT_POLICY": "passive"}
"""Where several workers share the cores, threads that spin while they wait take them from each
other: PyTorch beside JAX was 15 times slower on two cores. How threads wait changes no result."""


class Answer(NamedTuple):
    """What a worker said of a check; ``is`` of the header is ``result`` or ``raised``."""

    header: dict[str, Any]
    arrays: list[Any]

    @property
    def message(self) -> str:
        """The exception, where one was raised."""
        return str(self.header.get("message", ""))

    @property
    def dtype(self) -> str:
        """The dtype of the arrays, as the adapter names it."""
        return str(self.header.get("dtype", ""))

    @property
    def seconds(self) -> tuple[float, ...]:
        """The time inside each call of the framework."""
        return tuple(map(float, self.header.get("seconds", ())))

    @property
    def changed(self) -> tuple[str, ...]:
        """The operands that the method changed."""
        return tuple(map(str, self.header.get("changed", ())))

    @property
    def reused(self) -> bool:
        """Whether a further call wrote its result where the first one's lies."""
        return bool(self.header.get("reused"))


class Client:
    """One worker process of one variant. Raises ``BackendUnavailable`` if it does not load.

    ``send`` and ``answer`` may be one request apart, so that the worker computes while the
    referee judges. After ``WorkerLost`` the client is dead; start another. ``crowded`` says
    that other workers run beside this one; ``most_memory`` (bytes) that it is killed beyond that.
    """

    def __init__(self, variant: str, *, crowded: bool = False, most_memory: int = 0) -> None:
        python, asked = envs.interpreter(variant), registry.variant(variant)
        self._pipe = Pipe(
            [python, "-m", "convergent.harness.worker", asked.plain, str(os.getpid())],
            {**(CROWDED if crowded else {}), **environment_of(asked)},
            most_memory,
        )
        self.started: str = ""  # the key of the check that the worker began last
        try:
            said = self._pipe.receive(START_LIMIT).header
        except WorkerLost as lost:
            tail = " ".join(self.stderr_tail().split())[-300:]
            self.close()
            reason = f"{lost}: {tail}" if tail else str(lost)
            raise BackendUnavailable(f"the worker of {variant} did not start: {reason}") from lost
        if said.get("is") != "ready":
            self.close()
            raise BackendUnavailable(str(said.get("message", "the worker said nothing of use")))
        self.loaded: dict[str, Any] = said["loaded"]
        self._check_source(variant, python)
        self.start_seconds: float = said["seconds"]

    def take(self, case: Case, operands: Operands, timeout: float) -> None:
        """Hand over the case that the following checks are of."""
        self._pipe.send({"do": "case", "case": str(case)}, operands, timeout)

    def send(self, key: str, timeout: float, times: int = 1) -> None:
        """Ask for ``op/method`` of the case at hand, computed ``times`` times."""
        self._pipe.send({"do": "check", "key": key, "times": times}, (), timeout)

    def answer(self, timeout: float, most: int = MOST_BYTES) -> Answer:
        """Return the answer to the oldest open request; its arrays hold ``most`` bytes at most.

        Raises ``TimedOut`` after ``timeout`` seconds, ``Oversized`` for larger arrays and
        ``WorkerLost`` if the process ended or spoke garbage; in each case it is gone afterwards.
        """
        self.started = ""
        deadline = time.monotonic() + timeout
        while True:
            frame = self._pipe.receive(deadline - time.monotonic(), most)
            if frame.header.get("is") == "start":
                self.started = str(frame.header.get("key"))
                continue
            if frame.header.get("is") not in ("result", "raised"):
                self.kill()
                raise WorkerLost(f"garbage in a frame: {str(frame.header)[:80]}")
            return Answer(frame.header, frame.arrays)

    def _check_source(self, variant: str, python: str) -> None:
        """See that the framework is the one that was asked for, not one found on some path."""
        asked, loaded = envs.version(variant), str(self.loaded.get("version"))
        file, where = str(self.loaded.get("file")), str(self.loaded.get("executable"))
        source = registry.variant(variant).source
        if asked is not None and not envs.same_version(asked, loaded):
            fault = f"{variant} {asked} is installed, but the worker loaded {loaded} from {file}"
        elif source and where != python:
            fault = f"{variant} was to run in {python}, but its worker runs in {where}"
        elif source and source.version and not _lies_in(file, Path(python).parents[1]):
            fault = f"{variant} loaded {file}, which is not in its environment"
        else:
            return
        self.close()
        raise BackendUnavailable(f"{fault}; look at PYTHONPATH")

    def kill(self) -> None:
        """End the process and everything it started; what it wrote stays readable."""
        self._pipe.kill()

    def close(self) -> None:
        """Kill the process and close the pipes."""
        self._pipe.close()

    def stderr_tail(self) -> str:
        """Return the last lines that the process wrote, where a native stack would be."""
        return self._pipe.stderr_tail()


def _lies_in(file: str, folder: Path) -> bool:
    return Path(file).is_relative_to(folder)


def environment_of(asked: Variant) -> dict[str, str]:
    """Return a worker's environment: this project importable, the working folder not.

    The user's variables win over a backend's own, and the modes that were asked for over both.
    Another interpreter finds nothing of this environment but this project.
    """
    inherited = os.environ.get("PYTHONPATH", "")
    backend, foreign = asked.backend.name, asked.source
    roots = parts.roots_alone(backend) if foreign else parts.source_roots()
    own = "" if foreign and foreign.version else inherited
    path = [*map(str, roots), *([own] if own else [])]
    added = {"PYTHONPATH": os.pathsep.join(path), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
    if foreign:
        added.update(parts.adapter(backend))
    cache = str(platformdirs.user_cache_path("convergent"))
    set_by_it = {k: v.format(cache=cache) for k, v in asked.backend.environment.items()}
    found = {**PERTURB, **VERBOSE, **set_by_it, **os.environ, **asked.environment, **added}
    return {k: v for k, v in found.items() if not (foreign and k == "PYTHONHOME")}
