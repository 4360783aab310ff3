"""The adapter of PyTorch: eager, on the CPU and every global switch untouched, or in a mode.

Images are ``(N, C, *space)`` and filters ``(O, C/groups, *kernel)`` in either layout; channels
last is the order of their memory, as ``torch.channels_last`` means it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Callable, ClassVar

import numpy as np

from convergent.backends import memory, processor
from convergent.backends.base import Backend, Tensors
from convergent.backends.torch import kernels
from convergent.backends.torch.backprop_bias import BackpropBias
from convergent.backends.torch.backprop_filter import BackpropFilter
from convergent.backends.torch.backprop_input import BackpropInput
from convergent.backends.torch.gaps import GAPS
from convergent.backends.torch.jacobians import Jacobians
from convergent.backends.torch.modes import MODES, VARIANTS, switch
from convergent.backends.torch.tangents import Tangents
from convergent.backends.torch.time_first import TimeFirst
from convergent.backends.torch.told import Contracts
from convergent.backends.torch.transpose import Transpose
from convergent.cases.case import Case
from convergent.cases.data import Operands
from convergent.cases.dtypes import Array


class Torch(
    Backend,
    TimeFirst,
    BackpropInput,
    BackpropFilter,
    BackpropBias,
    Tangents,
    Transpose,
    Jacobians,
    Contracts,
):
    """PyTorch, on the CPU or a CUDA device."""

    name = "torch"
    packages = ("torch",)
    trait_words: ClassVar[Mapping[str, str]] = {
        "slow_float16": "oneDNN has no float16 kernels for this processor",
        "slow_bfloat16": "oneDNN has no bfloat16 kernels for this processor",
    }
    # Where temporary files lie, which is where inductor keeps what it compiled, goes with a worker.
    environment: ClassVar[Mapping[str, str]] = {"TORCHINDUCTOR_CACHE_DIR": "{cache}/inductor"}
    gaps = GAPS
    modes = MODES
    variants = VARIANTS

    def __init__(self) -> None:
        import torch
        from torch.nn import functional, grad

        self.torch, self.F, self.nn_grad = torch, functional, grad

    def enable(self, modes: frozenset[str]) -> None:
        """Set the switches of ``modes``. Raises ``BackendUnavailable`` for what is not there."""
        super().enable(modes)
        switch(self.torch, modes)
        self.device = "cuda" if "cuda" in modes else "cpu"

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
            "onednn_enabled": backends.mkldnn.enabled,
            "nnpack": backends.nnpack.is_available(),
            "device": torch.cuda.get_device_name() if self.device == "cuda" else self.device,
        }

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return NC... for images and OI... for filters, in either layout."""
        space = tuple(range(case.dims))
        if role == "w":
            return (case.dims + 1, case.dims, *space)
        return (0, case.dims + 1, *(axis + 1 for axis in space))

    def tensors(self, case: Case, operands: Operands) -> Tensors:
        """Hand the operands over, those of a mode ``relaid_*`` in the other layout."""
        other = "channels_first" if case.layout == "channels_last" else "channels_last"
        laid = {True: case.replace(layout=other), False: case}
        return Tensors(
            *(
                self.enter(
                    array.transpose(self.axes("y" if role == "dy" else role, case)),
                    laid[f"relaid_{role}" in self.active],
                )
                for role, array in zip(Tensors._fields, operands)
            )
        )

    def enter(self, array: Array, case: Case) -> Any:
        """Return a tensor of its own memory, in the order of the case's layout."""
        if case.dtype == "bfloat16":
            array = array.view(np.int16)
        last = case.layout == "channels_last"
        tensor = self._share(memory.laid(np.moveaxis(array, 1, -1) if last else array, case.memory))
        if case.dtype == "bfloat16":
            tensor = tensor.view(self.torch.bfloat16)
        return tensor.movedim(-1, 1) if last else tensor

    def _share(self, view: Array) -> Any:
        """Return ``view`` as a view of a tensor that has all its memory: offset and strides too."""
        whole = view if view.base is None else view.base
        offset = view.ctypes.data - whole.ctypes.data
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
            tensor = self.torch.from_numpy(whole).to(self.device)
        strides = [stride // view.itemsize for stride in view.strides]
        return tensor.as_strided(view.shape, strides, offset // view.itemsize)

    def leave(self, tensor: Any) -> tuple[Array, str]:
        """Return the values (bfloat16 as bits) and the dtype's name, which is NumPy's."""
        plain = tensor.detach().cpu()
        name = str(plain.dtype)[len("torch.") :]
        if name == "bfloat16":
            return plain.contiguous().view(self.torch.int16).numpy().view(np.uint16), name
        return plain.numpy(), name

    def address(self, tensor: Any) -> int:
        """Return where the numbers lie, 0 for none."""
        return int(tensor.data_ptr()) if tensor.numel() else 0

    def wait(self, tensor: Any) -> None:
        """Return when the device has computed ``tensor``."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def prepare(self, function: Callable[..., Any], case: Case) -> Callable[[Tensors], Any]:
        """Return ``function`` as it is called, compiled afresh in the mode ``compile``."""
        call = super().prepare(function, case)
        if "compile" not in self.active:
            self.heard = []
            return call
        self.torch._dynamo.reset()  # noqa: SLF001 - else the shapes of other cases count
        return self.torch.compile(call, dynamic=False)  # type: ignore[no-any-return]

    def kernel(self, printed: str) -> str:
        """Name the kernels of the last call: oneDNN's by its word, others by PyTorch's choice."""
        heard, self.heard = self.heard, None if self.heard is None else []
        return kernels.name(self.torch, heard or [], printed)


def _onednn_version(configuration: str) -> str:
    """Return the version of oneDNN that PyTorch's build configuration names, or nothing."""
    _, _, rest = configuration.partition("MKL-DNN v")
    return rest.split(" ", 1)[0]
