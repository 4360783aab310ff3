"""JAX: the convolutions of ``jax.lax`` and what JAX's transformations make of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Callable, ClassVar

from convergent.backends.base import Tensors
from convergent.backends.jax.bias import Bias
from convergent.backends.jax.by_hand import ByHand
from convergent.backends.jax.conv import Conv
from convergent.backends.jax.gaps import GAPS
from convergent.backends.jax.gradients import FilterGradient
from convergent.backends.jax.jacobians import Jacobians
from convergent.backends.jax.modes import MODES, VARIANTS
from convergent.backends.jax.signal import Signal
from convergent.backends.jax.told import Contracts
from convergent.backends.jax.transpose import Transposes
from convergent.cases.case import Case

# What in a compiled program may compute a convolution.
_KERNELS = re.compile(r"\b(convolution|dot)\(|custom_call_target=\"([^\"]+)\"")


class Jax(ByHand, Conv, Bias, Signal, FilterGradient, Transposes, Jacobians, Contracts):
    """``jax.lax``, and ``vjp``, ``jvp``, ``linear_transpose``, ``vmap`` and Jacobians of it."""

    name = "jax"
    packages = ("jax",)
    # Compiling is nearly all of a JAX sweep. The persistent cache keeps what the compiler made,
    # keyed by program, compiler version and flags: the code that runs is the code that it made.
    environment: ClassVar[Mapping[str, str]] = {
        "JAX_COMPILATION_CACHE_DIR": "{cache}/jax",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "JAX_ENABLE_X64": "1",  # without it float64 becomes float32
    }
    gaps = GAPS
    modes = MODES
    variants = VARIANTS

    @classmethod
    def traits(cls, environment: Mapping[str, str]) -> frozenset[str]:
        """Return the word of the mode ``x32`` where a variable of the user's says the same."""
        x64 = environment.get("JAX_ENABLE_X64", "1").lower()
        return frozenset({"x32"} if x64 in ("0", "n", "no", "f", "false", "off") else ())

    def enable(self, modes: frozenset[str]) -> None:
        """Take ``modes``; raise ``RuntimeError`` where ``cuda`` is asked for and not there."""
        super().enable(modes)
        self._program = ""
        if "cuda" in modes:
            try:
                self.jax.devices("cuda")
            except RuntimeError as error:
                raise RuntimeError(
                    f"JAX finds no CUDA device here; install jax[cuda12] on a machine with an "
                    f"NVIDIA GPU ({error})"
                ) from error

    def prepare(self, function: Callable[..., Any], case: Case) -> Callable[[Tensors], Any]:
        """Return ``function``, in the mode ``jit`` compiled as a whole when it is first called."""
        call = super().prepare(function, case)
        self._program = ""
        if "jit" not in self.active:
            return call
        compiled: list[Any] = []

        def once(t: Tensors) -> Any:
            if not compiled:
                compiled.append(self.jax.jit(call).lower(t).compile())
                self._program = compiled[0].as_text()
            return compiled[0](t)

        return once

    def kernel(self, printed: str) -> str:
        """Name the platform and, of a program that was compiled as a whole, what computes in it."""
        platform = f"xla:{self.jax.default_backend()}"
        found = {opcode or target for opcode, target in _KERNELS.findall(self._program)}
        return " ".join([platform, *sorted(found)])
