"""PyTorch's public calls, made exactly as they are told: nothing is checked, nothing repaired."""

from __future__ import annotations

from typing import Any

import numpy as np

from convergent.backends.contracts import Told
from convergent.backends.torch.call import Calls
from convergent.cases.dtypes import Array


class Contracts(Calls):
    """The function that answers to the table of illegal calls."""

    def told(self, call: Told) -> Any:
        """Call ``F.conv*d``, ``torch.nn.grad.conv*d_*`` or ``F.conv_transpose*d`` as told."""
        dims, padding = call.case.dims, [before for before, _ in call.pads]
        sizes = (call.stride, padding, call.dilation, call.groups)
        x, dy = (self._image(call, array) for array in (call.x, call.dy))
        w = self._filter(call)
        if call.op == "conv":
            return getattr(self.F, f"conv{dims}d")(x, w, None, *sizes)
        if call.op == "backprop_input":
            size = (call.case.batch, call.case.in_channels, *call.size)
            return getattr(self.nn_grad, f"conv{dims}d_input")(size, w, dy, *sizes)
        if call.op == "backprop_filter":
            return getattr(self.nn_grad, f"conv{dims}d_weight")(x, w.shape, dy, *sizes)
        return getattr(self.F, f"conv_transpose{dims}d")(
            dy, w, None, call.stride, padding, _output_padding(call), call.groups, call.dilation
        )

    def _image(self, call: Told, array: Array) -> Any:
        """Return ``(N, *space, C)`` as ``(N, C, *space)``, in the memory of the case's layout."""
        if call.case.layout == "channels_last":
            return self._tensor(call, array).movedim(-1, 1)
        return self._tensor(call, np.moveaxis(array, -1, 1))

    def _filter(self, call: Told) -> Any:
        """Return ``(*kernel, C/groups, O)`` as ``(O, C/groups, *kernel)``."""
        filters = np.moveaxis(call.w, (-1, -2), (0, 1))
        if call.case.layout == "channels_last":
            return self._tensor(call, np.moveaxis(filters, 1, -1)).movedim(-1, 1)
        return self._tensor(call, filters)

    def _tensor(self, call: Told, array: Array) -> Any:
        bits = call.case.dtype == "bfloat16" and array.dtype == np.uint16
        owned = np.array(array.view(np.int16) if bits else array, order="C")
        tensor = self.torch.from_numpy(owned).to(self.device)
        return tensor.view(self.torch.bfloat16) if bits else tensor


def _output_padding(call: Told) -> list[int]:
    """Return the output padding that asks for an image of ``size``."""
    legal = zip(call.case.unused, call.size, call.case.input)
    return [unused + asked - size for unused, asked, size in legal]
