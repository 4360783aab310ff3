"""What TensorFlow cannot compute on a CPU without XLA.

TensorFlow has two families of CPU kernels. oneDNN's know both layouts, groups, dilation and
unequal strides, but only float32 and, given AVX512, bfloat16; they are on where the processor has
instructions for neural networks, or by TF_ENABLE_ONEDNN_OPTS. Eigen's take what is left: float64,
float16, what oneDNN does not do on this machine (the traits below), and
the gradients of convolutions with explicit padding whatever their dtype.
"""

from __future__ import annotations

from collections.abc import Mapping

from convergent.backends import processor
from convergent.backends.base import Gap

_INVALID = "InvalidArgumentError"
_UNIMPLEMENTED = "UnimplementedError"
EIGEN_FLOAT32, EIGEN_BFLOAT16 = "eigen_float32", "eigen_bfloat16"
_EIGEN_DTYPES = (
    ("float64",),
    ("float16",),
    ("float32", EIGEN_FLOAT32),
    ("bfloat16", EIGEN_BFLOAT16),
)
_WORDS = ("valid", "same")

# Methods that begin with a forward tf.nn.conv*d of the case, in its layout.
_FORWARD = (
    "conv/native",
    "conv/raw_op",
    "conv/forward_mode_*",
    "conv/double_backward",
    "*/autodiff",
    "backprop_*/double_backward",
    "transpose/autodiff_of_conv",
    "jacobian_*",
)
_INPUT_BY_HAND = ("backprop_input/via_conv", "transpose/via_conv")
_FILTER_BY_HAND = ("backprop_filter/via_conv",)
_CONV = (*_FORWARD, *_INPUT_BY_HAND, *_FILTER_BY_HAND, "conv/convolution")
# Methods that call a gradient op and tell it explicit padding in 2-D, or do so by tf.pad.
_GRADIENT = (
    "conv/autodiff_of_transpose",
    "conv/double_backward",
    "backprop_input/transpose_op",
    "*/autodiff",
    "backprop_*/raw_op",
    "backprop_*/compat",
    "backprop_*/double_backward",
    "backprop_filter/autodiff_of_transpose",
    "transpose/native",
    "transpose/autodiff_of_conv",
    "*jacobian_*",
)
_GRADIENT_BY_PAD = ("transpose/conv_transpose", "transpose/keras")
_ANY_GRADIENT = (*_GRADIENT, *_GRADIENT_BY_PAD)
_DEPTHWISE = ("*/depthwise*",)
_NEURAL = frozenset({"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"})
_BFLOAT16 = frozenset({"avx512f", "avx_ne_convert"})


def traits(environment: Mapping[str, str]) -> frozenset[str]:
    """Return which dtypes oneDNN leaves to Eigen on this machine.

    Source: ``IsMklEnabled`` (tensorflow/core/util/util.cc) and
    ``IsBF16SupportedByOneDNNOnThisCPU`` (tensorflow/core/graph/mkl_graph_util.h).
    """
    has = processor.flags()
    asked = environment.get("TF_ENABLE_ONEDNN_OPTS", "").lower()
    on = asked in ("1", "true") if asked else bool(has & _NEURAL)
    if not on:
        return frozenset({EIGEN_FLOAT32, EIGEN_BFLOAT16})
    return frozenset() if has & _BFLOAT16 else frozenset({EIGEN_BFLOAT16})


def _without_onednn(
    methods: tuple[str, ...],
    reason: str,
    raises: str,
    *,
    when: tuple[str, ...],
    unless: tuple[str, ...] = (),
) -> tuple[Gap, ...]:
    """Return a gap of Eigen's kernels: one for each dtype that oneDNN leaves to them."""
    return tuple(
        Gap(methods=methods, when=(*when, *dtype), unless=unless, reason=reason, raises=raises)
        for dtype in _EIGEN_DTYPES
    )


def _planar_gradient(feature: str, reason: str) -> tuple[Gap, ...]:
    """Return the gaps of Eigen's gradients of Conv2D, and of what is left to them."""
    explicit = f"{reason}, and explicit padding is Eigen's in every dtype"
    raw = ("backprop_*/raw_op", "backprop_*/compat")  # these tell it in 1-D too
    return (
        *_without_onednn(_ANY_GRADIENT, reason, _INVALID, when=(feature,), unless=("3d",)),
        *(
            Gap(
                methods=methods,
                when=(dims, feature),
                unless=_WORDS,
                reason=explicit,
                raises=_INVALID,
            )
            for dims, methods in (("2d", _GRADIENT), ("1d", raw))
        ),
    )


GAPS: tuple[Gap, ...] = (
    # --- depthwise ops
    Gap(
        methods=_DEPTHWISE,
        unless=("per_channel",),
        kind="never",
        reason="a depthwise op has a group per input channel",
    ),
    # --- one forward convolution
    Gap(
        methods=("conv/convolution", "conv/keras"),
        when=("strided_dilated",),
        reason="tf.nn.convolution: `strides > 1` not supported with `dilation_rate > 1`",
        raises="ValueError",
    ),
    Gap(
        methods=("conv/atrous",),
        when=("unequal_dilations",),
        kind="never",
        reason="tf.nn.atrous_conv2d has one rate for both dimensions",
    ),
    Gap(
        methods=("conv/atrous",),
        when=("channels_first",),
        kind="never",
        reason="tf.nn.atrous_conv2d has no data format",
    ),
    Gap(
        methods=("conv/atrous",),
        when=("3d",),
        kind="never",
        reason="tf.nn.atrous_conv2d has two dimensions",
    ),
    Gap(
        methods=("conv/raw_conv",),
        when=("grouped",),
        reason="raw_ops.Conv: grouped/depthwise convolutions are not supported yet",
        raises=_UNIMPLEMENTED,
    ),
    Gap(
        methods=("conv/raw_conv",),
        when=("channels_first",),
        unless=("3d",),
        reason="raw_ops.Conv on CPU knows channels last only",
        raises=_UNIMPLEMENTED,
    ),
    *(
        Gap(
            methods=("conv/raw_conv",),
            when=("3d", padding, feature),
            reason=reason,
            raises=_INVALID,
        )
        # With explicit padding raw_ops.Conv aborts the process in 3-D: no gap but a finding.
        for padding in _WORDS
        for feature, reason in (
            ("channels_first", "raw_ops.Conv on CPU knows channels last only"),
            ("dilated", "raw_ops.Conv on CPU knows no dilation in 3-D"),
        )
    ),
    Gap(
        methods=("transpose/keras",),
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
    Gap(
        methods=(*_CONV, *_ANY_GRADIENT),
        when=("3d", "grouped"),
        reason="Conv3D on CPU knows no groups: input and filter must have the same depth",
        raises=_INVALID,
    ),
    *_without_onednn(
        _CONV,
        "Eigen's Conv2D knows NHWC only",
        _UNIMPLEMENTED,
        when=("channels_first",),
        unless=("3d",),
    ),
    *_without_onednn(
        ("conv/keras",),
        "Eigen's Conv2D knows NHWC only (Keras turns to XLA for grouped and 3-D cases alone)",
        _UNIMPLEMENTED,
        when=("channels_first",),
        unless=("3d", "grouped"),
    ),
    *_without_onednn(
        (*_CONV, *_ANY_GRADIENT),
        "Eigen's Conv3D and its gradients know NDHWC only",
        _INVALID,
        when=("channels_first", "3d"),
    ),
    *_without_onednn(
        (*_FORWARD, *_INPUT_BY_HAND, *_ANY_GRADIENT),
        "Eigen's Conv3D and its gradients know no dilation",
        _INVALID,
        when=("dilated", "3d"),
    ),
    *_without_onednn(
        _FILTER_BY_HAND,
        "Eigen's Conv3D knows no dilation, which the stride becomes",
        _INVALID,
        when=("strided", "3d"),
    ),
    # --- gradients in one and two dimensions
    *_planar_gradient("channels_first", "Eigen's gradients of Conv2D know NHWC only"),
    *_planar_gradient("dilated", "Eigen's gradients of Conv2D know no dilation"),
    *_planar_gradient("grouped", "Eigen's gradients of Conv2D know no groups"),
    # --- depthwise
    Gap(
        methods=("*/depthwise", "*/depthwise_autodiff"),
        when=("3d",),
        unless=_WORDS,
        reason="there is no depthwise op in 3-D",
        raises="ValueError",
    ),
    Gap(
        methods=("*/depthwise_keras",),
        when=("3d",),
        reason="keras.ops.depthwise_conv has no 3-D",
        raises="ValueError",
    ),
    Gap(
        methods=_DEPTHWISE,
        when=("3d",),
        reason="there is no depthwise op in 3-D",
        raises=_INVALID,
    ),
    *_without_onednn(
        ("*/depthwise", "*/depthwise_autodiff", "*/depthwise_raw_op"),
        "Eigen's depthwise kernels know one stride for both dimensions",
        _INVALID,
        when=("unequal_strides",),
    ),
    *_without_onednn(
        ("conv/depthwise_keras",),
        "Eigen's depthwise kernels know one stride for both dimensions",
        _INVALID,
        when=("unequal_strides",),
        unless=("dilated",),  # then Keras computes every place and drops some
    ),
    Gap(
        methods=("backprop_*/depthwise_*",),
        when=("unequal_strides",),
        unless=(*_WORDS, "dilated"),
        reason="Eigen's depthwise kernels know one stride for both dimensions, "
        "and explicit padding is Eigen's in every dtype",
        raises=_INVALID,
    ),
    *_without_onednn(
        ("conv/depthwise", "*/depthwise_autodiff", "conv/depthwise_raw_op"),
        "Eigen's depthwise kernels know NHWC only",
        _UNIMPLEMENTED,
        when=("channels_first",),
    ),
    *_without_onednn(
        ("backprop_*/depthwise_raw_op",),
        "Eigen's depthwise kernels know NHWC only",
        _UNIMPLEMENTED,
        when=("channels_first",),
        unless=("dilated",),  # they ignore it, and may find the wrong sizes first
    ),
    Gap(
        methods=("backprop_*/depthwise_*",),
        when=("channels_first",),
        unless=(*_WORDS, "dilated"),
        reason="Eigen's depthwise kernels know NHWC only, "
        "and explicit padding is Eigen's in every dtype",
        raises=_UNIMPLEMENTED,
    ),
    *_without_onednn(
        ("conv/depthwise_raw_op",),
        "Eigen's depthwise convolution knows no dilation",
        _UNIMPLEMENTED,
        when=("dilated",),
    ),
    # --- vectorized Jacobians
    Gap(
        methods=("jacobian_filter/tape", "transpose_jacobian_filter/tape"),
        when=("2d",),
        unless=_WORDS,
        reason="the vectorizer (pfor) drops the explicit padding of Conv2DBackpropFilter",
        raises=_INVALID,
    ),
)
