"""The ways in which PyTorch computes a convolution."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import Call, Calls, call
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
        self.hear(how, x, t.w)
        return self.torch.ops.aten.convolution(
            x, t.w, None, how.stride, how.padding, how.dilation, False, none, how.groups
        )

    @method("conv", "layer")
    def conv_layer(self, case: Case, t: Tensors) -> Any:
        """Convolve with an ``nn.Conv*d`` whose weight is w."""
        return self.layer(case, t.x, {"weight": t.w})

    @method("conv", "zero_bias")
    def conv_zero_bias(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv*d`` and a bias of zeros, which fused kernels add."""
        return self.conv(call(case), t.x, t.w, self.bias(case, t))

    @method("conv", "unbatched")
    def conv_unbatched(self, case: Case, t: Tensors) -> Any:
        """Convolve one image after the other with ``F.conv*d``, none with a batch axis."""
        how = call(case)
        return self.torch.stack([self.conv(how, x, t.w) for x in t.x])

    @method("conv", "mkldnn_tensor")
    def conv_mkldnn_tensor(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv*d`` of opaque tensors, which hold a layout of oneDNN's."""
        how, op = call(case), getattr(self.F, f"conv{case.dims}d")
        x = self.shifted(how, t.x)
        self.hear(how, x, t.w)
        opaque = x.to_mkldnn(), t.w.to_mkldnn()
        return op(*opaque, None, how.stride, how.padding, how.dilation, how.groups).to_dense()

    @method("conv", "zero_stuffed_kernel")
    def conv_zero_stuffed_kernel(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv*d`` and zeros between the taps in place of a dilation."""
        wide = t.w.new_zeros((*t.w.shape[:2], *case.extents))
        wide[(..., *(slice(None, None, step) for step in case.dilation))] = t.w
        return self.conv(call(case, dilation=(1,) * case.dims), t.x, wide)

    @method("conv", "subsampled")
    def conv_subsampled(self, case: Case, t: Tensors) -> Any:
        """Convolve with ``F.conv*d`` of stride 1, and keep what the strides would."""
        y = self.conv(call(case, stride=(1,) * case.dims), t.x, t.w)
        return y[(..., *(slice(None, None, step) for step in case.stride))]

    @method("conv", "unfold")
    def conv_unfold(self, case: Case, t: Tensors) -> Any:
        """Multiply the filter with the windows that ``F.unfold`` lays out (1-D by a unit axis)."""
        y = self.filter_rows(case, t.w) @ self.windows(case, t.x)
        return y.reshape(case.batch, case.out_channels, *case.output)

    @method("conv", "per_sample")
    def conv_per_sample(self, case: Case, t: Tensors) -> Any:
        """Convolve one sample under ``func.vmap`` over the batch."""
        how = call(case)
        return self.torch.func.vmap(lambda x: self.conv(how, x[None], t.w)[0])(t.x)

    @method("conv", "vmap_filter")
    def conv_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Convolve with one filter of each group under ``func.vmap`` over these filters."""
        how, each = call(case), self.by_groups(case, t).w
        y = self.torch.func.vmap(lambda w: self.conv(how, t.x, w), 1, 2)(each)
        return y.flatten(1, 2)

    @method("conv", "vmap_groups")
    def conv_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Convolve one group under ``func.vmap`` over the groups of image and filter."""
        how, each = self.alone(case), self.by_groups(case, t)
        y = self.torch.func.vmap(lambda x, w: self.conv(how, x, w), (1, 0), 1)(each.x, each.w)
        return y.flatten(1, 2)

    def alone(self, case: Case) -> Call:
        """Return what an op of a single group is told."""
        return dataclasses.replace(call(case), groups=1)

    def layer(self, case: Case, x: Any, parameters: dict[str, Any]) -> Any:
        """Return what an ``nn.Conv*d`` with these parameters gives for x."""
        how = call(case)
        layer = getattr(self.torch.nn, f"Conv{case.dims}d")(
            case.in_channels,
            case.out_channels,
            case.kernel,
            how.stride,
            how.padding,
            how.dilation,
            how.groups,
            bias="bias" in parameters,
            device="meta",
        )
        x = self.shifted(how, x)
        self.hear(how, x, parameters["weight"])
        return self.torch.func.functional_call(layer, parameters, (x,))

    def windows(self, case: Case, x: Any) -> Any:
        """Return im2col by ``F.unfold``: ``(N, groups, C/groups * kernel, output)``."""
        how = call(case)
        flat, sizes = self.plane(case, self.shifted(how, x))
        columns = self.F.unfold(flat, **sizes)
        return columns.unflatten(1, (case.groups, columns.shape[1] // case.groups))

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
        return w.reshape(case.groups, case.out_channels // case.groups, row)
