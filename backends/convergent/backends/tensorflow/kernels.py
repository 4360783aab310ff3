"""Which kernels computed a call, by what oneDNN wrote of it.

>>> kernel("onednn_verbose,v1,primitive,exec,cpu,convolution,brg_conv_fwd:avx512_core,forward")
'onednn brg_conv_fwd:avx512_core'
>>> kernel("onednn_verbose,primitive,exec,cpu,convolution,brgconv:avx512_core,forward_training")
'onednn brgconv:avx512_core'
"""

from __future__ import annotations

from convergent.backends.onednn import primitives

_GEMM = "gemm_api"  # oneDNN's matrix product, which Eigen's contractions call
_MOVES = frozenset({"reorder", "concat", "sum", "zero_pad"})


def kernel(printed: str, otherwise: str = "eigen") -> str:
    """Return the names of oneDNN's implementations in ``printed``, or ``otherwise``."""
    names: dict[str, None] = {}
    for kind, name in primitives(printed):
        if kind not in _MOVES:
            names[f"{otherwise} with onednn gemm" if kind == _GEMM else f"onednn {name}"] = None
    return ", ".join(names) or otherwise
