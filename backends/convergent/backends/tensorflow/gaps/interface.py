"""What a function of TensorFlow or Keras has no word for, whoever computes it."""

from __future__ import annotations

from convergent.backends.base import Gap

_INVALID = "InvalidArgumentError"
_WORDS = ("valid", "same")
DEPTHWISE = ("*/depthwise*", "conv/layer_depthwise", "conv/layer_separable")
ATROUS = ("conv/atrous", "*/atrous_transpose")
KERAS = ("conv/keras", "conv/layer", "conv/layer_zero_bias", "backprop_*/layer")
# They multiply by zeros what the convolution does not meet.
_ZEROS = (
    "conv/separable",
    "conv/depthwise_separable*",
    "conv/layer_separable",
)

GAPS: tuple[Gap, ...] = (
    # --- depthwise and separable ops
    Gap(
        methods=DEPTHWISE,
        unless=("per_channel",),
        kind="never",
        reason="a depthwise op has a group per input channel",
    ),
    Gap(
        methods=("*/depthwise", "*/depthwise_autodiff", "*/depthwise_separable", "conv/separable"),
        when=("3d",),
        reason="there is no depthwise op in 3-D",
        raises="ValueError",
    ),
    Gap(
        methods=("backprop_*/depthwise_nn",),
        when=("3d",),
        unless=_WORDS,
        reason="there is no depthwise op in 3-D",
        raises="ValueError",
    ),
    Gap(
        methods=("conv/depthwise*_keras",),
        when=("3d",),
        reason="keras.ops has no depthwise convolution in 3-D",
        raises="ValueError",
    ),
    Gap(
        methods=("conv/layer_depthwise", "conv/layer_separable"),
        when=("3d",),
        reason="Keras has no such layer in 3-D",
        raises="AttributeError",
    ),
    Gap(
        methods=DEPTHWISE,
        when=("3d",),
        reason="there is no depthwise op in 3-D",
        raises=_INVALID,
    ),
    Gap(
        methods=_ZEROS,
        when=("nonfinite",),
        kind="never",
        reason="a pointwise filter multiplies every channel, most of them by zero",
    ),
    Gap(
        methods=("conv/depthwise_separable*", "conv/layer_separable"),
        when=("overflow",),
        kind="never",
        reason="a pointwise filter multiplies every channel's infinite sums, most of them by zero",
    ),
    Gap(
        methods=("conv/zero_stuffed_kernel",),
        when=("nonfinite", "dilated"),
        kind="never",
        reason="the zeros between the taps meet what the convolution skips",
    ),
    # --- strides and dilations
    Gap(
        methods=("conv/convolution", *KERAS, "transpose/layer"),
        when=("strided_dilated",),
        reason="`strides > 1` not supported with `dilation_rate > 1`",
        raises="ValueError",
    ),
    Gap(
        methods=ATROUS,
        when=("unequal_dilations",),
        kind="never",
        reason="tf.nn.atrous_conv2d and its transpose have one rate for both dimensions",
    ),
    Gap(
        methods=ATROUS,
        when=("channels_first",),
        kind="never",
        reason="tf.nn.atrous_conv2d and its transpose have no data format",
    ),
    Gap(
        methods=ATROUS,
        when=("3d",),
        kind="never",
        reason="tf.nn.atrous_conv2d and its transpose have two dimensions",
    ),
    Gap(
        methods=("*/atrous_transpose",),
        when=("grouped", "dilated"),
        reason="tf.nn.atrous_conv2d_transpose knows no groups beside a rate",
        raises="ValueError",
    ),
    Gap(
        methods=("*/patches",),
        when=("3d", "dilated"),
        kind="never",
        reason="tf.extract_volume_patches has no rates",
    ),
    # --- raw ops
    Gap(
        methods=("conv/fused_pad",),
        when=("dilated",),
        kind="never",
        reason="raw_ops.FusedPadConv2D has no dilations",
    ),
    Gap(
        methods=("conv/fused_pad",),
        when=("channels_first",),
        kind="never",
        reason="raw_ops.FusedPadConv2D has no data format",
    ),
    Gap(
        methods=("conv/fused_pad",),
        when=("3d",),
        kind="never",
        reason="raw_ops.FusedPadConv2D has two dimensions",
    ),
    Gap(
        methods=("backprop_*/raw_op_v2",),
        when=("3d",),
        kind="never",
        reason="the V2 of Conv3DBackprop* is another one, which is given sizes: see raw_op",
    ),
    Gap(
        methods=("transpose/keras", "transpose/layer"),
        when=("grouped",),
        kind="never",
        reason="keras.ops.conv_transpose has no groups",
    ),
    Gap(
        methods=("backprop_input/compat",),
        when=("3d",),
        reason="tf.compat.v1.nn has no conv3d_backprop_input",
        raises="AttributeError",
    ),
    # --- Jacobians
    Gap(
        methods=("backprop_*/jacobian_contracted", "backprop_input/batch_jacobian"),
        when=("nonfinite",),
        kind="never",
        reason="the zeros of a Jacobian meet NaN and infinities",
    ),
    Gap(
        methods=("backprop_*/jacobian_contracted", "backprop_input/batch_jacobian"),
        when=("large_jacobian",),
        kind="notimpl",
        reason="the Jacobian is too large to be worth its contraction",
    ),
    # --- vectorized maps
    Gap(
        methods=(
            "jacobian_filter/tape",
            "transpose_jacobian_filter/tape",
            "backprop_filter/jacobian_contracted",
            "backprop_filter/per_sample",
        ),
        when=("2d",),
        unless=_WORDS,
        reason="the vectorizer (pfor) drops the explicit padding of Conv2DBackpropFilter",
        raises=_INVALID,
    ),
)
