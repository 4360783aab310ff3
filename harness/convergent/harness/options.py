"""How to run: everything but the cases."""

from __future__ import annotations

from pathlib import Path

import msgspec

from convergent.harness.plan import Selection
from convergent.harness.shard import Shard


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which variants and checks, where the run file goes, and how patiently to wait."""

    variants: tuple[str, ...]
    folder: Path
    selection: Selection = Selection()
    suite: str = ""
    seed: int = 0
    timeout: float = 120.0
    most_memory: int | None = None  # bytes that a worker may hold; None: most of the machine's
    jobs: int = 2
    repeat: int = 2  # calls of each method on the same tensors, which must give the same bits
    enough: int = 0  # findings after which the run ends; of 0 it goes on to the end
    resume: bool = False
    shard: Shard | None = None  # the part of the checks to run; all of them without
    durations: Path | None = None  # a run that tells what checks cost, to cut shards by
    dask: str = ""  # address of a Dask scheduler, or local[:N]; this process' own threads without
    budget: float | None = None  # seconds after which the run ends, whatever is left
