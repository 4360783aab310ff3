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
        self.hear(how, t.dy, t.w, case.unused)
        sizes = (how.stride, how.padding, how.dilation, True, case.unused, how.groups)
        dx = self.torch.ops.aten.convolution(t.dy, t.w, None, *sizes)
        return self.unshifted(how, dx)

    @method("transpose", "zero_bias")
    def transpose_zero_bias(self, case: Case, t: Tensors) -> Any:
        """Call ``F.conv_transpose*d`` with a bias of zeros, which fused kernels add."""
        return self.transposed(case, t.dy, t.w, t.w.new_zeros(case.in_channels))

    @method("transpose", "unbatched")
    def transpose_unbatched(self, case: Case, t: Tensors) -> Any:
        """Call ``F.conv_transpose*d`` of one sample after the other, none with a batch axis."""
        return self.torch.stack([self.transposed(case, dy, t.w) for dy in t.dy])

    @method("transpose", "layer")
    def transpose_layer(self, case: Case, t: Tensors) -> Any:
        """Call an ``nn.ConvTranspose*d`` whose weight is w with ``output_size``."""
        how = call(case)
        size = [i + sum(pair) for i, pair in zip(case.input, how.shift)]
        return self._layer(case, t, (0,) * case.dims, size)

    @method("transpose", "layer_output_padding")
    def transpose_layer_output_padding(self, case: Case, t: Tensors) -> Any:
        """Call an ``nn.ConvTranspose*d`` whose weight is w, made with ``output_padding``."""
        return self._layer(case, t, case.unused)

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

    @method("transpose", "dual_input")
    def transpose_dual_input(self, case: Case, t: Tensors) -> Any:
        """Transpose a dual number, zeros and d_y, of ``autograd.forward_ad``."""
        return self.push_dual(lambda dy: self.transposed(case, dy, t.w), t.dy)

    @method("transpose", "dual_filter")
    def transpose_dual_filter(self, case: Case, t: Tensors) -> Any:
        """Transpose by a dual number, zeros and w, of ``autograd.forward_ad``."""
        return self.push_dual(lambda w: self.transposed(case, t.dy, w), t.w)

    @method("transpose", "linearize_input")
    def transpose_linearize_input(self, case: Case, t: Tensors) -> Any:
        """Apply to d_y what ``func.linearize`` makes of it at an input of zeros."""
        return self.linear(lambda dy: self.transposed(case, dy, t.w), t.dy)

    @method("transpose", "linearize_filter")
    def transpose_linearize_filter(self, case: Case, t: Tensors) -> Any:
        """Apply to w what ``func.linearize`` makes of it at a filter of zeros."""
        return self.linear(lambda w: self.transposed(case, t.dy, w), t.w)

    @method("transpose", "double_backward_input")
    def transpose_double_backward_input(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back through the gradient of its own input, ``x -> y``."""
        return self.pull_twice(lambda dy: self.transposed(case, dy, t.w), t.dy, t.x, t.dy)

    @method("transpose", "double_backward_filter")
    def transpose_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient of its own filter, ``x -> d_w``."""
        return self.pull_twice(lambda w: self.transposed(case, t.dy, w), t.w, t.x, t.w)

    @method("transpose", "vmap_filter")
    def transpose_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Transpose to one channel of each group under ``func.vmap`` over these."""
        dx = self.torch.func.vmap(lambda w: self.transposed(case, t.dy, w[:, None]), 1, 2)(t.w)
        return dx.flatten(1, 2)

    @method("transpose", "vmap_groups")
    def transpose_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Transpose one group under ``func.vmap`` over the groups of d_y and filter."""
        alone, each = case.replace(groups=1), self.by_groups(case, t)
        vmap = self.torch.func.vmap
        dx = vmap(lambda dy, w: self.transposed(alone, dy, w), (1, 0), 1)(each.dy, each.w)
        return dx.flatten(1, 2)

    def _layer(self, case: Case, t: Tensors, output_padding: tuple[int, ...], *size: Any) -> Any:
        how = call(case)
        layer = getattr(self.torch.nn, f"ConvTranspose{case.dims}d")(
            case.out_channels,
            case.in_channels,
            case.kernel,
            stride=how.stride,
            padding=how.padding,
            output_padding=output_padding,
            groups=how.groups,
            bias=False,
            dilation=how.dilation,
            device="meta",
        )
        self.hear(how, t.dy, t.w, case.unused)
        dx = self.torch.func.functional_call(layer, {"weight": t.w}, (t.dy, *size))
        return self.unshifted(how, dx)
