"""Where a run took place: what a person needs to see the same again."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Named one by one for TF_: Terraform's variables begin so too, and hold secrets.
_PREFIXES = (
    *("OMP_", "MKL_", "OPENBLAS_", "DNNL_", "ONEDNN_", "XLA_", "JAX_", "TORCH_"),
    *("TF_CPP_", "TF_CUDNN_", "TF_DETERMINISTIC", "TF_DISABLE_", "TF_ENABLE_", "TF_FORCE_"),
    *("TF_GPU_", "TF_NUM_", "TF_USE_", "TF_XLA_"),
)
_NAMES = (
    "MALLOC_PERTURB_",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_TF32_OVERRIDE",
    "KMP_AFFINITY",
    "PYTORCH_NO_CUDA",
)


def version() -> str:
    """Return this project's version."""
    try:
        return importlib.metadata.version("convergent")
    except importlib.metadata.PackageNotFoundError:
        return "0+uninstalled"


def describe() -> dict[str, Any]:
    """Return Python, NumPy, operating system, processor, cores and the variables that matter."""
    import numpy as np

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": cpu(),
        "cores": cores(),
        "memory_gib": memory_gib(),
        "variables": variables(),
    }


def cpu() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def cores() -> int:
    """Return the number of cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gib() -> float:
    """Return the machine's memory in GiB."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def has(needs: Iterable[str]) -> bool:
    """Say whether this machine has what a variant needs, as far as can be told beforehand."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    there = {"cuda": Path("/dev/nvidiactl").exists(), "g++": compiler is not None}
    return all(there.get(need, False) for need in needs)


def variables() -> dict[str, str]:
    """Return the environment variables that change what a framework computes."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_PREFIXES) or name in _NAMES
    }
