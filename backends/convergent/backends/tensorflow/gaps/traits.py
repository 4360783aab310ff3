"""Which dtypes run on Eigen's kernels: the processor and a variable decide."""

from __future__ import annotations

from collections.abc import Mapping

from convergent.backends import processor

EIGEN_FLOAT32, EIGEN_BFLOAT16 = "eigen_float32", "eigen_bfloat16"

_NEURAL = frozenset({"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"})
_BFLOAT16 = frozenset({"avx512f", "avx_ne_convert"})


def traits(environment: Mapping[str, str]) -> frozenset[str]:
    """Return which dtypes oneDNN leaves to Eigen on this machine.

    Source: ``IsMklEnabled`` (tensorflow/core/util/util.cc) and
    ``IsBF16SupportedByOneDNNOnThisCPU`` (tensorflow/core/graph/mkl_graph_util.h).
    """
    has = processor.flags()
    asked = environment.get("TF_ENABLE_ONEDNN_OPTS", "").lower()
    on = asked in ("1", "true") if asked else bool(has & _NEURAL)
    if not on:
        return frozenset({EIGEN_FLOAT32, EIGEN_BFLOAT16})
    return frozenset() if has & _BFLOAT16 else frozenset({EIGEN_BFLOAT16})
