"""The adapter of PyTorch, as a user runs it: eager, on the CPU, every global switch untouched.

Images are ``(N, C, *space)`` and filters ``(O, C/groups, *kernel)`` in either layout; channels
last is the order of their memory, as ``torch.channels_last`` means it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from convergent.backends import processor
from convergent.backends.base import Backend, Gap
from convergent.backends.torch.gradients import Gradients
from convergent.backends.torch.jacobians import Jacobians
from convergent.backends.torch.transpose import Transpose
from convergent.cases.case import Case
from convergent.cases.dtypes import Array


class Torch(Backend, Gradients, Transpose, Jacobians):
    """PyTorch in eager mode."""

    name = "torch"
    packages = ("torch",)
    trait_words: ClassVar[Mapping[str, str]] = {
        "slow_float16": "oneDNN has no float16 kernels for this processor",
        "slow_bfloat16": "oneDNN has no bfloat16 kernels for this processor",
    }
    gaps = (
        Gap(
            methods=("conv/padding_word",),
            when=("same", "strided"),
            reason="padding='same' is not supported for strided convolutions",
            raises="RuntimeError",
        ),
        Gap(
            methods=("conv/padding_word",),
            when=("same_lower",),
            reason="the words are 'valid' and 'same'; none puts the odd zero before",
            kind="never",
            raises="RuntimeError",
        ),
        Gap(
            methods=("conv/padding_word",),
            when=("explicit",),
            reason="a word says no numbers, and the numbers of F.conv*d no pairs",
            kind="never",
            raises="TypeError",
        ),
        Gap(
            methods=("conv/unfold", "backprop_filter/unfold", "backprop_input/fold"),
            when=("3d",),
            reason="F.unfold and F.fold know images of two spatial dimensions alone",
            raises="RuntimeError",
        ),
    )

    def __init__(self) -> None:
        import torch
        from torch.nn import functional, grad

        self.torch, self.F, self.nn_grad = torch, functional, grad

    @classmethod
    def traits(cls, environment: Mapping[str, str]) -> frozenset[str]:
        """Return the dtypes that oneDNN leaves to PyTorch's own kernels.

        Source: ``has_fp16_type_support`` and ``has_bf16_type_support`` of ideep, and the checks of
        aten/src/ATen/native/mkldnn/Utils.h.
        """
        has = processor.flags()
        slow = set()
        if not has & {"avx512_fp16", "amx_fp16"}:
            slow.add("slow_float16")
        if not has >= {"avx512bw", "avx512vl", "avx512dq"}:
            slow.add("slow_bfloat16")
        return frozenset(slow)

    def loaded(self) -> dict[str, Any]:
        """Say which PyTorch, built with what, with how many threads, and its numeric switches."""
        torch, backends = self.torch, self.torch.backends
        return {
            "version": torch.__version__,
            "file": torch.__file__,
            "git": torch.version.git_version,
            "cuda": torch.version.cuda,
            "cuda_available": torch.cuda.is_available(),
            "threads": torch.get_num_threads(),
            "interop_threads": torch.get_num_interop_threads(),
            "cpu_capability": backends.cpu.get_cpu_capability(),
            "onednn": backends.mkldnn.is_available(),
            "onednn_version": _onednn_version(torch.__config__.show()),
            "mkl": backends.mkl.is_available(),
            "openmp": backends.openmp.is_available(),
            "float32_matmul_precision": torch.get_float32_matmul_precision(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return NC... for images and OI... for filters, in either layout."""
        space = tuple(range(case.dims))
        if role == "w":
            return (case.dims + 1, case.dims, *space)
        return (0, case.dims + 1, *(axis + 1 for axis in space))

    def enter(self, array: Array, case: Case) -> Any:
        """Return a tensor of its own memory, in the order of the case's layout."""
        if case.dtype == "bfloat16":
            array = array.view(np.int16)
        last = case.layout == "channels_last"
        owned = np.array(np.moveaxis(array, 1, -1) if last else array, order="C", copy=True)
        tensor = self.torch.from_numpy(owned)
        if case.dtype == "bfloat16":
            tensor = tensor.view(self.torch.bfloat16)
        return tensor.movedim(-1, 1) if last else tensor

    def leave(self, tensor: Any) -> tuple[Array, str]:
        """Return the values (bfloat16 as bits) and the dtype's name, which is NumPy's."""
        plain = tensor.detach().cpu()
        name = str(plain.dtype)[len("torch.") :]
        if name == "bfloat16":
            return plain.contiguous().view(self.torch.int16).numpy().view(np.uint16), name
        return plain.numpy(), name


def _onednn_version(configuration: str) -> str:
    """Return the version of oneDNN that PyTorch's build configuration names, or nothing."""
    _, _, rest = configuration.partition("MKL-DNN v")
    return rest.split(" ", 1)[0]
