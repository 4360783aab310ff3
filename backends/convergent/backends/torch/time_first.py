"""PyTorch's convolution of sequences that have time first, and its own backward function."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import Calls, call
from convergent.cases.case import Case


class TimeFirst(Calls):
    """Methods by ``F.conv_tbc``: one dimension, a matrix product for each tap, a bias always.

    It takes contiguous memory alone, so that operands are copied into the order that it has.
    """

    @method("conv", "tbc")
    def conv_tbc(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv_tbc``."""
        x, w, _ = self._time_first(case, t)
        return self._tbc(case, x, w).movedim(0, -1)

    @method("backprop_input", "tbc")
    def input_tbc(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back through ``F.conv_tbc`` to x with ``autograd.grad``."""
        x, w, dy = self._time_first(case, t)
        dx = self.pull(lambda x: self._tbc(case, x, w), x, dy)
        return self.unshifted(call(case), dx.movedim(0, -1))

    @method("backprop_filter", "tbc")
    def filter_tbc(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back through ``F.conv_tbc`` to w with ``autograd.grad``."""
        x, w, dy = self._time_first(case, t)
        return self.pull(lambda w: self._tbc(case, x, w), w, dy).transpose(0, -1)

    def _time_first(self, case: Case, t: Tensors) -> Tensors:
        """Return ``x (L, N, C)``, ``w (K, C, O)`` and ``dy (L, N, O)``, contiguous."""
        x, dy = self.shifted(call(case), t.x).movedim(-1, 0), t.dy.movedim(-1, 0)
        return Tensors(*(each.contiguous() for each in (x, t.w.transpose(0, -1), dy)))

    def _tbc(self, case: Case, x: Any, w: Any) -> Any:
        # What it cannot be told is asked all the same: a PyTorch that learns it closes the gap.
        said = {"stride": case.stride, "dilation": case.dilation, "groups": (case.groups,)}
        asked = {word: value for word, value in said.items() if max(value) > 1}
        bias = w.new_zeros(case.out_channels)
        return self.F.conv_tbc(x, w, bias, call(case).padding[0], **asked)
