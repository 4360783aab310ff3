"""Which kernel computed: what oneDNN printed, else what PyTorch's own dispatch selects.

oneDNN says on standard output which implementation of a primitive it ran. Of PyTorch's own kernels
none tells; ``torch._C._select_conv_backend`` is the function by which ``aten.convolution`` chooses,
and is asked again, afterwards, about the convolutions that were heard of.
"""

from __future__ import annotations

from typing import Any

from convergent.backends.onednn import primitives
from convergent.cases.record import record

_CONVOLUTIONS = ("convolution", "deconvolution")
_MOVES = ("reorder", "zero_pad")


@record
class Heard:
    """A convolution as ``aten.convolution`` was asked for it, without its numbers."""

    image: tuple[Any, ...]  # shape, strides, dtype, device
    filter: tuple[Any, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    output_padding: tuple[int, ...] | None = None  # of a transposed convolution


def sketch(tensor: Any) -> tuple[Any, ...]:
    """Return what selects a kernel: shape, strides, dtype and device."""
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device


def name(torch: Any, heard: list[Heard], printed: str) -> str:
    """Name what computed: oneDNN's convolutions, else the selected kernels, else what it printed.

    Several are joined by `` + ``. oneDNN's matrix products count where there is nothing else, its
    copies never.
    """
    ran = primitives(printed)
    convolutions = [f"onednn {kernel}" for kind, kernel in ran if kind in _CONVOLUTIONS]
    selected = [] if convolutions else [select(torch, one) for one in heard]
    others = [f"onednn {kind} {kernel}" for kind, kernel in ran if kind not in _MOVES]
    return " + ".join(dict.fromkeys(convolutions or selected or others))


def select(torch: Any, heard: Heard) -> str:
    """Return the backend that PyTorch selects for a convolution, such as ``Slow2d``."""
    image, filter_ = (
        torch.empty_strided(shape, strides, dtype=dtype, device=device)
        for shape, strides, dtype, device in (heard.image, heard.filter)
    )
    chosen = torch._C._select_conv_backend(  # noqa: SLF001 - the one function that tells
        image,
        filter_,
        None,
        heard.stride,
        heard.padding,
        heard.dilation,
        heard.output_padding is not None,
        heard.output_padding or (0,) * len(heard.stride),
        heard.groups,
    )
    return str(chosen).rpartition(".")[2]


def is_batched(torch: Any, tensor: Any) -> bool:
    """Say whether ``tensor`` stands for many under ``vmap``: the kernel sees another shape."""
    functorch = torch._C._functorch  # noqa: SLF001 - torch.func has no public word for it
    while functorch.is_functorch_wrapped_tensor(tensor):
        if functorch.is_batchedtensor(tensor):
            return True
        tensor = functorch.get_unwrapped(tensor)
    return False
