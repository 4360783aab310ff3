"""How much memory a worker holds, and how much it may.

The limit is on what is resident, which is what a machine runs out of: frameworks reserve address
space by the terabyte, so that a limit of that (``RLIMIT_AS``) would stop them at the start.
"""

from __future__ import annotations

import os
from pathlib import Path

_SHARE = 0.8  # of the machine's memory: beyond that the kernel chooses whom to kill
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def share() -> int:
    """Return the bytes that a worker may hold unless told otherwise."""
    return int(_SHARE * limit())


def limit() -> int:
    """Return the bytes of the machine, or of the container this process runs in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(_CGROUP.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return machine


def resident(process: int) -> int:
    """Return the bytes that a process and its children hold; 0 where that cannot be told."""
    return sum(_resident(number) for number in (process, *_children(process)))


def _resident(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except (OSError, ValueError):
        pass
    return [number for child in found for number in (child, *_children(child))]


def gibibytes(size: int) -> str:
    """Return a size as a person reads it."""
    return f"{size / 2**30:.2g} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
