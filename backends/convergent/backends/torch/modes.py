"""PyTorch's switches: which kernels, how many threads, where operands lie, which device."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import Any

from convergent.backends.modes import Mode
from convergent.cases.errors import BackendUnavailable

NO_ONEDNN = Mode(
    name="no_onednn",
    meaning="torch.backends.mkldnn off: PyTorch's own kernels, and NNPACK's",
    traits=("slow_float16", "slow_bfloat16"),
)

MODES = (
    NO_ONEDNN,
    Mode(name="no_nnpack", meaning="torch.backends.nnpack off: no Winograd and no FFT"),
    Mode(name="threads1", meaning="one thread", group="threads"),
    Mode(name="threads8", meaning="eight threads, however many cores there are", group="threads"),
    Mode(
        name="deterministic",
        meaning="torch.use_deterministic_algorithms, which fills fresh memory with NaN too",
        environment=(("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),),
    ),
    Mode(name="relaid_x", meaning="the image's memory in the other layout than the case's"),
    Mode(name="relaid_w", meaning="the filter's memory in the other layout than the case's"),
    Mode(name="relaid_dy", meaning="the output gradient's memory in the other layout"),
    Mode(name="compile", meaning="torch.compile of the whole method by inductor", needs="g++"),
    Mode(name="cuda", meaning="on the first CUDA device", group="device", needs="cuda"),
    Mode(name="tf32", meaning="TF32 allowed to cuDNN and to cuBLAS", group="tf32", needs="cuda"),
    Mode(name="no_tf32", meaning="TF32 allowed to neither", group="tf32", needs="cuda"),
    Mode(name="no_cudnn", meaning="torch.backends.cudnn off", needs="cuda"),
    Mode(
        name="benchmark", meaning="cuDNN tries its algorithms and keeps the fastest", needs="cuda"
    ),
)

VARIANTS = (
    "",
    "no_onednn",
    "no_nnpack",
    "no_onednn+no_nnpack",
    "threads1",
    "threads8",
    "deterministic",
    "relaid_x",
    "relaid_w",
    "relaid_dy",
    "compile",
    "cuda",
    "cuda+no_tf32",
    "cuda+tf32",
    "cuda+benchmark",
    "cuda+deterministic",
    "cuda+no_cudnn",
)


def switch(torch: Any, modes: frozenset[str]) -> None:
    """Set the global switches of ``modes``. Raises ``BackendUnavailable`` for what is not there."""
    if "cuda" in modes and not torch.cuda.is_available():
        raise BackendUnavailable(
            f"the mode cuda needs a CUDA device and a PyTorch built for it; "
            f"torch {torch.__version__} sees none"
        )
    if "compile" in modes and not _compiler():
        raise BackendUnavailable("the mode compile needs a C++ compiler; install g++ or set CXX")
    backends = torch.backends
    if "no_onednn" in modes:
        with warnings.catch_warnings():  # it sets TF32 for Intel GPUs too, and says there is none
            warnings.filterwarnings("ignore", "TF32 acceleration", UserWarning)
            backends.mkldnn.set_flags(False)
    if "no_nnpack" in modes:
        backends.nnpack.set_flags(False)
    for word in modes & {"threads1", "threads8"}:
        torch.set_num_threads(int(word[len("threads") :]))
    if "deterministic" in modes:
        torch.use_deterministic_algorithms(True)
    if modes & {"tf32", "no_tf32"}:
        backends.cudnn.allow_tf32 = backends.cuda.matmul.allow_tf32 = "tf32" in modes
    if "no_cudnn" in modes:
        backends.cudnn.enabled = False
    if "benchmark" in modes:
        backends.cudnn.benchmark = True


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX", "g++"))
