"""What TensorFlow's own kernels cannot compute on a CPU; XLA's are another matter.

TensorFlow has two families of CPU kernels. oneDNN's know both layouts, groups, dilation and
unequal strides, but only float32 and, given AVX512, bfloat16; they are on where the processor has
instructions for neural networks, or by TF_ENABLE_ONEDNN_OPTS. Eigen's take what is left: float64,
float16, what oneDNN does not do on this machine (the traits below), and
the gradients of convolutions with explicit padding whatever their dtype.
"""

from __future__ import annotations

from convergent.backends.base import Gap
from convergent.backends.tensorflow.gaps.interface import KERAS
from convergent.backends.tensorflow.gaps.traits import EIGEN_BFLOAT16, EIGEN_FLOAT32

_INVALID = "InvalidArgumentError"
_UNIMPLEMENTED = "UnimplementedError"
_EIGEN_DTYPES = (
    ("float64",),
    ("float16",),
    ("float32", EIGEN_FLOAT32),
    ("bfloat16", EIGEN_BFLOAT16),
)
_WORDS = ("valid", "same")

# Methods by tapes, forward mode and vectorized maps through a tf.nn.conv*d of the case.
_DERIVED = (
    "conv/double_backward*",
    "*/autodiff_both",
    "*/autodiff_all",
    "*/forward_over_reverse",
    "*/reverse_over_forward",
    "*/jacobian_contracted",
    "*/batch_jacobian",
    "backprop_input/autodiff",
    "backprop_filter/autodiff",
    "backprop_*/double_backward",
    "transpose/autodiff_of_conv",
    "jacobian_*",
)
# Methods that begin with a forward tf.nn.conv*d of the case, in its layout.
_FORWARD = (
    "conv/native",
    "conv/raw_op",
    "conv/forward_mode_*",
    "conv/zero_bias",
    "conv/subsampled",
    "conv/per_sample",
    "conv/vmap_filter",
    "backprop_bias/autodiff_of_conv",
    *_DERIVED,
)
_UNGROUPED = ("conv/vmap_groups",)
_UNDILATED = ("conv/zero_stuffed_kernel",)
_INPUT_BY_HAND = ("backprop_input/via_conv", "transpose/via_conv")
_FILTER_BY_HAND = ("backprop_filter/via_conv",)
_CONV = (*_FORWARD, *_INPUT_BY_HAND, *_FILTER_BY_HAND, *_UNDILATED, "conv/convolution")
# Gradient ops that are told explicit padding in 1-D too.
_RAW = (
    "backprop_input/raw_op",
    "backprop_filter/raw_op",
    "transpose/raw_op",
    "backprop_*/compat",
)
# Methods that call a gradient op and tell it explicit padding in 2-D, or do so by tf.pad.
_GRADIENT = (
    *_DERIVED,
    "conv/autodiff_of_transpose",
    "backprop_input/transpose_op",
    "backprop_*/symbolic",
    "backprop_*/per_sample",
    *_RAW,
    "backprop_filter/autodiff_of_transpose",
    "transpose/native",
    "transpose/forward_mode_*",
    "transpose/double_backward*",
    "transpose/per_sample",
    "transpose_jacobian_*",
)
_GRADIENT_BY_PAD = ("transpose/conv_transpose", "transpose/keras", "transpose/layer")
_ANY_GRADIENT = (*_GRADIENT, *_GRADIENT_BY_PAD)
_DEPTHWISE_FORWARD = (
    "conv/depthwise",
    "conv/separable",
    "conv/depthwise_separable",
    "*/depthwise_autodiff",
)
_DEPTHWISE_RAW = ("backprop_*/depthwise_raw_op", "backprop_*/depthwise_nn")


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
            for dims, methods in (("2d", _GRADIENT), ("1d", _RAW))
        ),
    )


GAPS: tuple[Gap, ...] = (
    # --- one forward convolution
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
    Gap(
        methods=("conv/fused_pad",),
        when=("grouped",),
        reason="raw_ops.FusedPadConv2D knows no groups",
        raises=_INVALID,
    ),
    Gap(
        methods=("backprop_*/raw_op_v2",),
        unless=("3d",),
        reason="Conv2DBackpropInputV2 and Conv2DBackpropFilterV2 have no kernel on CPU",
        raises="NotFoundError",
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
        methods=(*_CONV, *_ANY_GRADIENT),
        when=("3d", "grouped"),
        reason="Conv3D on CPU knows no groups: input and filter must have the same depth",
        raises=_INVALID,
    ),
    *_without_onednn(
        (*_CONV, *_UNGROUPED),
        "Eigen's Conv2D knows NHWC only",
        _UNIMPLEMENTED,
        when=("channels_first",),
        unless=("3d",),
    ),
    *_without_onednn(
        KERAS,
        "Eigen's Conv2D knows NHWC only (Keras turns to XLA for grouped and 3-D cases alone)",
        _UNIMPLEMENTED,
        when=("channels_first",),
        unless=("3d", "grouped"),
    ),
    *_without_onednn(
        (*_CONV, *_UNGROUPED, *_ANY_GRADIENT),
        "Eigen's Conv3D and its gradients know NDHWC only",
        _INVALID,
        when=("channels_first", "3d"),
    ),
    *_without_onednn(
        (*_FORWARD, *_UNGROUPED, *_INPUT_BY_HAND, *_ANY_GRADIENT),
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
    *_without_onednn(
        ("*/atrous_transpose",),
        "Eigen's gradients of Conv2D know no groups",
        _INVALID,
        when=("grouped",),
        unless=("3d",),
    ),
    # --- depthwise
    *_without_onednn(
        (*_DEPTHWISE_FORWARD, *_DEPTHWISE_RAW, "conv/depthwise_raw_op"),
        "Eigen's depthwise kernels know one stride for both dimensions",
        _INVALID,
        when=("unequal_strides",),
    ),
    *_without_onednn(
        ("conv/depthwise*_keras", "conv/layer_depthwise", "conv/layer_separable"),
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
        (*_DEPTHWISE_FORWARD, "conv/depthwise_raw_op"),
        "Eigen's depthwise kernels know NHWC only",
        _UNIMPLEMENTED,
        when=("channels_first",),
    ),
    *_without_onednn(
        _DEPTHWISE_RAW,
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
)
