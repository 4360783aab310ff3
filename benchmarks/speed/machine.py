"""Where and with what was measured: what a reader needs to judge a figure."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "torch", "tensorflow-cpu", "tensorflow", "jax")


def describe() -> dict[str, Any]:
    """Return date, processor, cores, Python and versions of what is installed."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "threads": os.environ.get("OMP_NUM_THREADS", "as many as cores"),
        "load": os.getloadavg()[0],
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    words = found.get("model name", platform.machine())
    wide = "with AVX-512" if "avx512f" in found.get("flags", "").split() else ""
    return f"{words} {wide}".strip()
