"""What PyTorch's interface cannot be asked, and why."""

from __future__ import annotations

from convergent.backends.base import Gap

_UNCOMPILED = (
    "conv/[!nd]*",
    "conv/dual_filter",
    "backprop_input/[!av]*",
    "backprop_input/vmap_*",
    "backprop_filter/[!av]*",
    "backprop_filter/vmap_*",
    "backprop_*/aten*",
    "backprop_*/via_conv",
    "backprop_*/autodiff_*",
    "backprop_bias/[!v]*",
    "transpose/[!n]*",
    "*jacobian_*/*",
    "contract/*",
)
"""All but what a user compiles: the ops themselves, a dual number, and gradients of either kind."""

GAPS = (
    Gap(
        methods=("*/double_backward*", "conv/functional_jvp_*"),
        when=("compile",),
        reason="a compiled function has no second derivative in reverse mode",
        raises="RuntimeError",
    ),
    Gap(
        methods=_UNCOMPILED,
        when=("compile",),
        reason="compiling takes seconds a check, and the methods that are left stand for the rest",
        kind="notimpl",
    ),
    Gap(
        methods=("conv/padding_word",),
        when=("same", "strided"),
        reason="padding='same' is not supported for strided convolutions",
        raises="RuntimeError",
    ),
    Gap(
        methods=("conv/padding_word",),
        when=("same_lower",),
        reason="the words are 'valid' and 'same'; none puts the odd zero before",
        kind="never",
        raises="RuntimeError",
    ),
    Gap(
        methods=("conv/padding_word",),
        when=("explicit",),
        reason="a word says no numbers, and the numbers of F.conv*d no pairs",
        kind="never",
        raises="TypeError",
    ),
    Gap(
        methods=("conv/unfold", "backprop_filter/unfold", "backprop_input/fold"),
        when=("3d",),
        reason="F.unfold and F.fold know images of two spatial dimensions alone",
        raises="RuntimeError",
    ),
    *(
        Gap(
            methods=("*/tbc",),
            when=(feature,),
            reason=f"F.conv_tbc has no {word}",
            kind="never",
            raises="TypeError",
        )
        for feature, word in (("strided", "stride"), ("dilated", "dilation"), ("grouped", "groups"))
    ),
    *(
        Gap(
            methods=("*/tbc",),
            when=(dims,),
            reason="F.conv_tbc knows one dimension, which is time",
            kind="never",
            raises="RuntimeError",
        )
        for dims in ("2d", "3d")
    ),
    Gap(
        methods=("*",),
        when=("reversed",),
        reason="a tensor has no negative strides",
        raises="RuntimeError",
    ),
    Gap(
        methods=(
            "conv/[!t]*",
            "backprop_input/[!tv]*",
            "backprop_input/transpose_op",
            "backprop_input/v[jm]*",
            "backprop_filter/[!t]*",
            "backprop_bias/*",
            "transpose/[!v]*",
            "transpose/vmap_*",
        ),
        when=("empty_output",),
        reason="an output of no place is refused, as is an input of none",
        raises="RuntimeError",
    ),
    Gap(
        methods=("*/per_sample",),
        when=("empty_batch",),
        reason="vmap refuses an axis of no entry",
        raises="IndexError",
    ),
    Gap(
        methods=("*/unbatched",),
        when=("empty_batch",),
        reason="there is no image to convolve, and none to stack",
        kind="never",
        raises="RuntimeError",
    ),
    Gap(
        methods=("*/jacobian_contracted",),
        when=("large_jacobian",),
        reason="a Jacobian takes memory and time that its product with d_y does not show",
        kind="notimpl",
    ),
    Gap(
        methods=("backprop_filter/jacobian_contracted",),
        when=("empty",),
        reason="of a Jacobian without rows vmap makes a convolution without filters: refused",
        raises="RuntimeError",
    ),
    Gap(
        methods=("backprop_input/jacobian_contracted",),
        when=("no_channels",),
        reason="there is no Jacobian to multiply with",
        kind="notimpl",
    ),
    Gap(
        methods=("*/jacobian_contracted",),
        when=("nonfinite",),
        reason="a product with the zeros of a Jacobian makes NaN of what is infinite",
        kind="never",
    ),
    Gap(
        methods=("conv/zero_stuffed_kernel",),
        when=("nonfinite", "dilated"),
        reason="a product with a zero between the taps makes NaN of what is infinite",
        kind="never",
    ),
    Gap(
        methods=("contract/transpose_filter_channels",),
        when=("illegal",),
        reason="the filter of F.conv_transpose*d alone says how many channels its result has",
        kind="never",
    ),
    Gap(
        methods=("conv/mkldnn_tensor",),
        when=("float64",),
        reason="oneDNN has no float64",
        raises="RuntimeError",
    ),
    Gap(
        methods=("conv/mkldnn_tensor",),
        when=("float16", "slow_float16"),
        reason="oneDNN has no float16 kernels for this processor",
        raises="RuntimeError",
    ),
    Gap(
        methods=("conv/mkldnn_tensor",),
        when=("no_onednn",),
        reason="PyTorch's own kernels read no layout of oneDNN's",
    ),
    Gap(
        methods=("conv/mkldnn_tensor",),
        when=("cuda",),
        reason="oneDNN computes on the CPU",
        kind="never",
    ),
)
