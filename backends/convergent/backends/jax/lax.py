"""The convolutions of ``jax.lax`` as a user calls them.

Operations run one by one, as in an interactive session, unless the mode ``jit`` is on.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np

from convergent.backends import by_hand
from convergent.backends.base import Backend, Tensors, method
from convergent.backends.memory import laid
from convergent.cases.case import Case, Padding
from convergent.cases.dtypes import FORMATS, Array


class Lax(Backend):
    """Layout, padding and the functions of ``jax.lax``; no derivative is taken here."""

    def __init__(self) -> None:
        import jax
        from jax import lax
        from jax import numpy as jnp

        self.jax, self.lax, self.jnp = jax, lax, jnp

    def loaded(self) -> dict[str, Any]:
        """Say which JAX and jaxlib, on which devices, in which precision."""
        config = self.jax.config
        return {
            "version": self.jax.__version__,
            "file": self.jax.__file__,
            "jaxlib": importlib.metadata.version("jaxlib"),
            "platform": self.jax.default_backend(),
            "devices": [str(device) for device in self.jax.devices()],
            "x64": bool(config.jax_enable_x64),
            "default_matmul_precision": config.jax_default_matmul_precision or "default",
        }

    def axes(self, role: str, case: Case) -> tuple[int, ...]:
        """Return NHWC and HWIO, or for channels first NCHW and OIHW."""
        last = case.dims + 1
        if case.layout == "channels_last":
            return tuple(range(case.dims + 2))
        if role == "w":
            return (last, case.dims, *range(case.dims))
        return (0, last, *range(1, last))

    def enter(self, array: Array, case: Case) -> Any:
        """Return a JAX array, of memory of its own or, if asked for, of a view of NumPy's."""
        if case.dtype == "bfloat16":
            array = array.view(self.jnp.bfloat16)
        if case.memory == "plain":
            return self.jnp.array(array)
        # ``asarray`` copies no memory that it can use as it is: that is the question.
        return self.jnp.asarray(laid(array, case.memory))

    def leave(self, tensor: Any) -> tuple[Array, str]:
        """Return the values (bfloat16 as bits) and the dtype's name."""
        array, dtype = np.asarray(tensor), str(tensor.dtype)
        return (array.view(np.uint16) if dtype == "bfloat16" else array), dtype

    def wait(self, tensor: Any) -> None:
        """Return when the device is done: JAX dispatches asynchronously."""
        tensor.block_until_ready()

    @method("conv", "native")
    def conv(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``lax.conv_general_dilated``, a padding rule by its name."""
        return self._conv(case, t.x, t.w)

    @method("conv", "with_general_padding")
    def conv_with_general_padding(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``lax.conv_with_general_padding``, which knows NCHW and no groups."""
        # What it cannot be told is asked all the same: a JAX that learns it closes the gap.
        asked = _groups(case)
        if case.layout == "channels_last":
            asked["dimension_numbers"] = specs(case)
        return self.lax.conv_with_general_padding(
            t.x, t.w, case.stride, case.padding, None, case.dilation, **asked
        )

    @method("conv", "lax_conv")
    def lax_conv(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``lax.conv``, which knows NCHW, a padding rule and strides."""
        asked = _groups(case)
        if case.layout == "channels_last":
            asked["dimension_numbers"] = specs(case)
        if max(case.dilation) > 1:
            asked["rhs_dilation"] = case.dilation
        return self.lax.conv(t.x, t.w, case.stride, case.padding, **asked)

    @method("conv", "preferred_type")
    def conv_preferred_type(self, case: Case, t: Tensors) -> Any:
        """Convolve to the accumulating type, ``preferred_element_type``, and round once."""
        return self._conv_wide(case, t.x, t.w).astype(t.x.dtype)

    @method("backprop_input", "transpose_op")
    @method("transpose", "native")
    def transpose(self, case: Case, t: Tensors) -> Any:
        """Call ``lax.conv_transpose``, which flips and swaps the filter itself."""
        return self._conv_transpose(case, t.dy, t.w, transpose_kernel=True)

    @method("transpose", "native_plain_kernel")
    def transpose_plain_kernel(self, case: Case, t: Tensors) -> Any:
        """Call ``lax.conv_transpose`` with a filter that is flipped and swapped beforehand."""
        return self._conv_transpose(case, t.dy, self._flipped(case, t.w), transpose_kernel=False)

    @method("transpose", "native_consistent_padding")
    def transpose_consistent_padding(self, case: Case, t: Tensors) -> Any:
        """Call ``lax.conv_transpose`` with the padding of the convolution that it transposes."""
        # Trailing places that no window of the convolution touched are cropped by so much less.
        pads = tuple((lo, hi - unused) for (lo, hi), unused in zip(case.pads, case.unused))
        return self.lax.conv_transpose(
            t.dy,
            t.w,
            case.stride,
            pads,
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
            transpose_kernel=True,
            use_consistent_padding=True,
            **_groups(case),
        )

    def _conv_wide(self, case: Case, x: Any, w: Any) -> Any:
        return self.lax.conv_general_dilated(
            x,
            w,
            case.stride,
            case.padding,
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
            feature_group_count=case.groups,
            preferred_element_type=FORMATS[case.dtype].accumulator,
        )

    def _conv(self, case: Case, x: Any, w: Any, groups: int | None = None) -> Any:
        return self.lax.conv_general_dilated(
            x,
            w,
            case.stride,
            case.padding,
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
            feature_group_count=groups or case.groups,
        )

    def _transposed(self, case: Case, dy: Any, w: Any) -> Any:
        recipe = by_hand.backprop_input(case)
        return self.lax.conv_general_dilated(
            dy,
            self._flipped(case, w),
            recipe.stride,
            recipe.pads,
            lhs_dilation=recipe.insert,
            rhs_dilation=recipe.dilation,
            dimension_numbers=specs(case),
            feature_group_count=case.groups,
        )

    def _conv_transpose(self, case: Case, dy: Any, w: Any, *, transpose_kernel: bool) -> Any:
        return self.lax.conv_transpose(
            dy,
            w,
            case.stride,
            _transposed_padding(case),
            rhs_dilation=case.dilation,
            dimension_numbers=specs(case),
            transpose_kernel=transpose_kernel,
            **_groups(case),
        )

    def _flipped(self, case: Case, w: Any) -> Any:
        """Return ``w`` rotated by half a turn, its channels swapped in each group."""
        spec = specs(case)[1]
        o, i = spec.index("O"), spec.index("I")
        turned = self.jnp.flip(w, [spec.index(axis) for axis in spec if axis not in "IO"])
        grouped = split(self.jnp.moveaxis(turned, (o, i), (0, 1)), 0, case.groups)
        swapped = self.jnp.swapaxes(grouped, 1, 2)
        joined = swapped.reshape(case.in_channels, case.out_channels // case.groups, *case.kernel)
        return self.jnp.moveaxis(joined, (0, 1), (o, i))


def specs(case: Case) -> tuple[str, str, str]:
    """Return JAX's ``dimension_numbers``: the letters of image, filter and output."""
    space = "DHW"[-case.dims :]
    if case.layout == "channels_last":
        return f"N{space}C", f"{space}IO", f"N{space}C"
    return f"NC{space}", f"OI{space}", f"NC{space}"


def channel(case: Case) -> int:
    """Return which axis of image and output is the channel."""
    return specs(case)[0].index("C")


def split(array: Any, axis: int, groups: int) -> Any:
    """Return ``array`` with ``axis`` as two axes: the group and the place in it."""
    axis %= array.ndim
    before, after = array.shape[:axis], array.shape[axis + 1 :]
    return array.reshape(*before, groups, array.shape[axis] // groups, *after)


def _groups(case: Case) -> dict[str, Any]:
    return {"feature_group_count": case.groups} if case.groups > 1 else {}


def _transposed_padding(case: Case) -> Padding:
    """Return the rule's name where ``lax.conv_transpose`` gives that size, else its own pairs.

    Its rules mean ``out * s`` (SAME) or ``out * s + max(extent - s, 0)`` (VALID) for each size;
    its pairs pad the image between whose places the zeros lie.
    """
    sizes = zip(case.output, case.stride, case.extents)
    by_rule = {
        "SAME": tuple(out * s for out, s in zip(case.output, case.stride)),
        "VALID": tuple(out * s + max(e - s, 0) for out, s, e in sizes),
    }
    if isinstance(case.padding, str) and by_rule.get(case.padding) == case.input:
        return case.padding
    return by_hand.backprop_input(case).pads
