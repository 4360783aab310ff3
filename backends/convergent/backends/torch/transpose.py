"""The ways in which PyTorch computes a transposed convolution."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import Calls, call
from convergent.cases.case import Case


class Transpose(Calls):
    """Methods of ``transpose``: its input is d_y, its filter w, its result d_x."""

    @method("transpose", "native")
    @method("backprop_input", "transpose_op")
    def transpose_native(self, case: Case, t: Tensors) -> Any:
        """Call ``F.conv_transpose*d`` with ``output_padding``."""
        return self.transposed(case, t.dy, t.w)

    @method("transpose", "aten")
    def transpose_aten(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution`` with ``transposed=True``."""
        how = call(case)
        sizes = (how.stride, how.padding, how.dilation, True, case.unused, how.groups)
        dx = self.torch.ops.aten.convolution(t.dy, t.w, None, *sizes)
        return self.unshifted(how, dx)

    @method("transpose", "layer")
    def transpose_layer(self, case: Case, t: Tensors) -> Any:
        """Call an ``nn.ConvTranspose*d`` whose weight is w with ``output_size``."""
        how = call(case)
        layer = getattr(self.torch.nn, f"ConvTranspose{case.dims}d")(
            case.out_channels,
            case.in_channels,
            case.kernel,
            stride=how.stride,
            padding=how.padding,
            groups=how.groups,
            bias=False,
            dilation=how.dilation,
            device="meta",
        )
        size = [i + sum(pair) for i, pair in zip(case.input, how.shift)]
        dx = self.torch.func.functional_call(layer, {"weight": t.w}, (t.dy, size))
        return self.unshifted(how, dx)

    @method("transpose", "forward_mode_input")
    def transpose_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Push the tangent d_y of an input of zeros forward with ``func.jvp``."""
        zero = self.torch.zeros_like(t.dy)
        return self.push(lambda dy: self.transposed(case, dy, t.w), zero, t.dy)

    @method("transpose", "forward_mode_filter")
    def transpose_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros forward with ``func.jvp``."""
        zero = self.torch.zeros_like(t.w)
        return self.push(lambda w: self.transposed(case, t.dy, w), zero, t.w)

    @method("transpose", "per_sample")
    def transpose_per_sample(self, case: Case, t: Tensors) -> Any:
        """Transpose one sample under ``func.vmap`` over the batch."""
        return self.torch.func.vmap(lambda dy: self.transposed(case, dy[None], t.w)[0])(t.dy)
