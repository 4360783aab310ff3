"""What TensorFlow's own kernels refuse to compute of nothing: no channel, no sample, no place."""

from __future__ import annotations

from convergent.backends.base import Gap

_INVALID = "InvalidArgumentError"
_REASON = "a filter must not have zero elements"

# Methods whose every case begins with a convolution (or Conv2DBackprop*) by the case's filter.
_FILTERED = (
    "backprop_*/autodiff_all",
    "backprop_*/autodiff_both",
    "backprop_*/double_backward",
    "backprop_*/forward_over_reverse",
    "backprop_*/reverse_over_forward",
    "backprop_bias/autodiff_of_conv",
    "backprop_filter/autodiff",
    "backprop_filter/autodiff_of_transpose",
    "backprop_input/autodiff",
    "backprop_input/batch_jacobian",
    "backprop_input/jacobian_contracted",
    "backprop_input/via_conv",
    "conv/atrous",
    "conv/autodiff_of_transpose",
    "conv/convolution",
    "conv/double_backward*",
    "conv/forward_mode_*",
    "conv/keras",
    "conv/native",
    "conv/raw_conv",
    "conv/raw_op",
    "conv/separable",
    "conv/subsampled",
    "conv/zero_bias",
    "conv/zero_stuffed_kernel",
    "transpose/autodiff_of_conv",
    "transpose/double_backward*",
    "transpose/via_conv",
)
# The same, refused by Keras or by the shapes of a graph before a kernel can.
_FILTERED_EARLY = (
    "backprop_*/layer",
    "conv/layer",
    "conv/layer_zero_bias",
    "conv/per_sample",
    "conv/vmap_groups",
)

GAPS: tuple[Gap, ...] = (
    Gap(
        methods=("conv/fused_pad",),
        when=("empty",),
        reason="raw_ops.FusedPadConv2D takes nothing that is empty",
        raises=_INVALID,
    ),
    Gap(
        methods=("backprop_filter/via_conv",),
        when=("empty_output",),
        kind="never",
        reason="d_y is the filter, which has a tap",
        raises="InvalidCase",
    ),
    Gap(
        methods=("backprop_filter/via_conv",),
        when=("empty_batch",),
        reason=_REASON,
        raises=_INVALID,
    ),
    Gap(
        methods=("backprop_input/batch_jacobian",),
        when=("empty_batch",),
        reason="tape.batch_jacobian divides by the number of samples",
        raises="ZeroDivisionError",
    ),
    Gap(methods=_FILTERED, when=("no_channels",), reason=_REASON, raises=_INVALID),
    Gap(
        methods=_FILTERED_EARLY,
        when=("no_channels",),
        reason=f"{_REASON}, and a layer has a filter at least",
    ),
)
