"""What the processor can do: its instruction sets decide which kernels a framework has."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def flags() -> frozenset[str]:
    """Return the processor's feature flags as Linux names them, such as ``avx512f``.

    Empty where the system does not tell.
    """
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    lines = (line.partition(":") for line in text.splitlines())
    return next((frozenset(said.split()) for name, _, said in lines if name.strip() == "flags"),
                frozenset())  # fmt: skip
