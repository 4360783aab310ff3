"""The ways in which PyTorch computes a convolution."""

from __future__ import annotations

import math
import warnings
from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import Calls, call
from convergent.cases.case import Case


class Conv(Calls):
    """Methods of ``conv``."""

    @method("conv", "native")
    def conv_native(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv*d``, its padding a number."""
        return self.conv(call(case), t.x, t.w)

    @method("conv", "padding_word")
    def conv_padding_word(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv*d``, its padding ``'same'`` or ``'valid'``."""
        word = case.padding.lower() if isinstance(case.padding, str) else case.padding
        op = getattr(self.F, f"conv{case.dims}d")
        with warnings.catch_warnings():  # an even kernel needs a padded copy, and it says so
            warnings.filterwarnings("ignore", "Using padding='same'", UserWarning)
            return op(t.x, t.w, None, case.stride, word, case.dilation, case.groups)

    @method("conv", "aten")
    def conv_aten(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``aten.convolution``."""
        how, none = call(case), (0,) * case.dims
        x = self.shifted(how, t.x)
        return self.torch.ops.aten.convolution(
            x, t.w, None, how.stride, how.padding, how.dilation, False, none, how.groups
        )

    @method("conv", "layer")
    def conv_layer(self, case: Case, t: Tensors) -> Any:
        """Convolve with an ``nn.Conv*d`` whose weight is w."""
        how = call(case)
        layer = getattr(self.torch.nn, f"Conv{case.dims}d")(
            case.in_channels,
            case.out_channels,
            case.kernel,
            how.stride,
            how.padding,
            how.dilation,
            how.groups,
            bias=False,
            device="meta",
        )
        x = self.shifted(how, t.x)
        return self.torch.func.functional_call(layer, {"weight": t.w}, (x,))

    @method("conv", "unfold")
    def conv_unfold(self, case: Case, t: Tensors) -> Any:
        """Multiply the filter with the windows that ``F.unfold`` lays out (1-D by a unit axis)."""
        y = self.filter_rows(case, t.w) @ self.windows(case, t.x)
        return y.reshape(case.batch, case.out_channels, *case.output)

    @method("conv", "forward_mode_input")
    def conv_forward_mode_input(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x of an image of zeros forward with ``func.jvp``."""
        how, zero = call(case), self.torch.zeros_like(t.x)
        return self.push(lambda x: self.conv(how, x, t.w), zero, t.x)

    @method("conv", "forward_mode_filter")
    def conv_forward_mode_filter(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros forward with ``func.jvp``."""
        how, zero = call(case), self.torch.zeros_like(t.w)
        return self.push(lambda w: self.conv(how, t.x, w), zero, t.w)

    @method("conv", "autodiff_of_transpose")
    def conv_autodiff_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``F.conv_transpose*d`` to its input."""
        return self.pull(lambda dy: self.transposed(case, dy, t.w), t.dy, t.x)

    @method("conv", "double_backward_input")
    def conv_double_backward_input(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``d_y -> d_x``."""
        x, dy = t.x.detach().requires_grad_(), t.dy.detach().requires_grad_()
        grad = self.torch.autograd.grad
        (dx,) = grad(self.conv(call(case), x, t.w), x, dy, create_graph=True)
        return grad(dx, dy, t.x)[0]

    @method("conv", "double_backward_filter")
    def conv_double_backward_filter(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``d_y -> d_w``."""
        w, dy = t.w.detach().requires_grad_(), t.dy.detach().requires_grad_()
        grad = self.torch.autograd.grad
        (dw,) = grad(self.conv(call(case), t.x, w), w, dy, create_graph=True)
        return grad(dw, dy, t.w)[0]

    @method("conv", "per_sample")
    def conv_per_sample(self, case: Case, t: Tensors) -> Any:
        """Convolve one sample under ``func.vmap`` over the batch."""
        how = call(case)
        return self.torch.func.vmap(lambda x: self.conv(how, x[None], t.w)[0])(t.x)

    @method("conv", "vmap_filter")
    def conv_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Convolve with one filter of each group under ``func.vmap`` over these filters."""
        how = call(case)
        each = t.w.unflatten(0, (case.groups, -1))
        y = self.torch.func.vmap(lambda w: self.conv(how, t.x, w), 1, 2)(each)
        return y.flatten(1, 2)

    @method("conv", "vmap_groups")
    def conv_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Convolve one group under ``func.vmap`` over the groups of image and filter."""
        how = call(case.replace(groups=1))
        x, w = t.x.unflatten(1, (case.groups, -1)), t.w.unflatten(0, (case.groups, -1))
        return self.torch.func.vmap(lambda x, w: self.conv(how, x, w), (1, 0), 1)(x, w).flatten(
            1, 2
        )

    def windows(self, case: Case, x: Any) -> Any:
        """Return im2col by ``F.unfold``: ``(N, groups, C/groups * kernel, output)``."""
        how = call(case)
        flat, sizes = self.plane(case, self.shifted(how, x))
        columns = self.F.unfold(flat, **sizes)
        return columns.unflatten(1, (case.groups, -1))

    def plane(self, case: Case, x: Any) -> tuple[Any, dict[str, tuple[int, ...]]]:
        """Return a 1-D image as a 2-D one, and what to tell ``F.unfold`` and ``F.fold``."""
        how = call(case)
        unit = case.dims == 1
        sizes = {
            "kernel_size": (1, *case.kernel) if unit else case.kernel,
            "dilation": (1, *how.dilation) if unit else how.dilation,
            "padding": (0, *how.padding) if unit else how.padding,
            "stride": (1, *how.stride) if unit else how.stride,
        }
        return (x.unsqueeze(2) if unit else x), sizes

    def filter_rows(self, case: Case, w: Any) -> Any:
        """Return the filter as ``(groups, O/groups, C/groups * kernel)``."""
        row = case.in_channels // case.groups * math.prod(case.kernel)
        return w.reshape(case.groups, -1, row)
