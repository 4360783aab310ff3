"""Which kernels computed a call, by what oneDNN wrote of it.

>>> kernel("onednn_verbose,v1,primitive,exec,cpu,convolution,brg_conv_fwd:avx512_core,forward")
'onednn brg_conv_fwd:avx512_core'
"""

from __future__ import annotations

_MARK = "onednn_verbose"
_KIND, _NAME = 5, 6  # the fields of a line that name the primitive and its implementation
_GEMM = "gemm_api"  # oneDNN's matrix product, which Eigen's contractions call
_MOVES = frozenset({"reorder", "concat", "sum", "zero_pad"})


def kernel(printed: str, otherwise: str = "eigen") -> str:
    """Return the names of oneDNN's implementations in ``printed``, or ``otherwise``."""
    names: dict[str, None] = {}
    for line in printed.splitlines():
        fields = line.split(",")
        if len(fields) <= _NAME or fields[0] != _MARK or fields[3] != "exec":
            continue  # the last line of very many may be cut short
        if fields[_KIND] in _MOVES:
            continue
        if fields[_KIND] == _GEMM:
            names[f"{otherwise} with onednn gemm"] = None
        else:
            names[f"onednn {fields[_NAME]}"] = None
    return ", ".join(names) or otherwise
