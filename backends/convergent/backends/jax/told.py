"""Calls of JAX exactly as they are told, legal or not."""

from __future__ import annotations

from typing import Any

from convergent.backends.contracts import Told
from convergent.backends.jax.lax import Lax, specs
from convergent.cases.dtypes import Array


class Contracts(Lax):
    """``lax.conv_general_dilated``, ``jax.vjp`` of it, and ``lax.conv_transpose``."""

    def told(self, call: Told) -> Any:
        """Make the call of ``call.op``; nothing is validated or repaired before."""
        case = call.case
        x, w, dy = (
            self.jnp.array(self._in_layout(call, role, array))
            for role, array in zip("xwy", (call.x, call.w, call.dy))
        )
        if call.op == "transpose":
            return self._told_transpose(call, dy, w)
        if call.op == "conv":
            return self._told_conv(call, x, w)
        if call.op == "backprop_input":
            shape = (case.batch, *call.size, case.in_channels)
            order = self.axes("x", case)
            image = self.jnp.zeros([shape[axis] for axis in order], x.dtype)
            return self.jax.vjp(lambda x: self._told_conv(call, x, w), image)[1](dy)[0]
        return self.jax.vjp(lambda w: self._told_conv(call, x, w), w)[1](dy)[0]

    def _in_layout(self, call: Told, role: str, array: Array) -> Array:
        """Return ``array`` in JAX's order of axes; further axes stay in front."""
        if call.case.dtype == "bfloat16" and array.dtype.name == "uint16":
            array = array.view(self.jnp.bfloat16)
        order = self.axes(role, call.case)
        extra = array.ndim - len(order)
        return array.transpose((*range(extra), *(axis + extra for axis in order)))

    def _told_conv(self, call: Told, x: Any, w: Any) -> Any:
        return self.lax.conv_general_dilated(
            x,
            w,
            call.stride,
            call.pads,
            rhs_dilation=call.dilation,
            dimension_numbers=specs(call.case),
            feature_group_count=call.groups,
        )

    def _told_transpose(self, call: Told, dy: Any, w: Any) -> Any:
        asked = {"feature_group_count": call.groups} if call.groups != 1 else {}
        return self.lax.conv_transpose(
            dy,
            w,
            call.stride,
            call.pads,
            rhs_dilation=call.dilation,
            dimension_numbers=specs(call.case),
            transpose_kernel=True,
            use_consistent_padding=True,
            **asked,
        )
