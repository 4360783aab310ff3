"""What JAX cannot be told, or defines another meaning for."""

from __future__ import annotations

from convergent.backends.base import Gap

GAPS = (
    Gap(
        methods=("backprop_input/transpose_op", "transpose/native*"),
        when=("grouped",),
        reason="lax.conv_transpose has no feature_group_count",
        raises="TypeError",
    ),
    Gap(
        methods=("conv/with_general_padding",),
        when=("grouped",),
        reason="lax.conv_with_general_padding has no feature_group_count",
        raises="TypeError",
    ),
    Gap(
        methods=("conv/with_general_padding",),
        when=("channels_last",),
        reason="lax.conv_with_general_padding means NCHW and OIHW; it has no dimension_numbers",
        kind="never",
        raises="TypeError",
    ),
    Gap(
        methods=("conv/lax_conv",),
        when=("channels_last",),
        reason="lax.conv means NCHW and OIHW; it has no dimension_numbers",
        kind="never",
        raises="TypeError",
    ),
    Gap(
        methods=("conv/lax_conv",),
        when=("grouped",),
        reason="lax.conv has no feature_group_count",
        raises="TypeError",
    ),
    Gap(
        methods=("conv/lax_conv",),
        when=("dilated",),
        reason="lax.conv has no rhs_dilation",
        raises="TypeError",
    ),
    *(
        Gap(
            methods=("conv/jnp_*",),
            when=(dims,),
            reason="jax.numpy.convolve and correlate are defined for one dimension",
            kind="never",
            raises="ValueError",
        )
        for dims in ("2d", "3d")
    ),
    *(
        Gap(
            methods=("conv/signal_*2d",),
            when=(dims,),
            reason="jax.scipy.signal.convolve2d and correlate2d are defined for two dimensions",
            kind="never",
            raises="ValueError",
        )
        for dims in ("1d", "3d")
    ),
    Gap(
        methods=("backprop_*/jac*_contracted",),
        when=("large_jacobian",),
        reason="a Jacobian of more than 65,536 entries is not made for the sake of one contraction",
        kind="notimpl",
    ),
    Gap(
        methods=("backprop_*/jac*_contracted",),
        when=("nonfinite",),
        reason="most entries of the Jacobian are zeros, which NaN and infinity turn into NaN",
        kind="never",
    ),
    Gap(
        methods=("conv/signal_*", "conv/jnp_*"),
        when=("empty_output",),
        reason="in mode 'valid' the longer operand is the image, the kernel too if it is",
        kind="never",
        raises="ValueError",
    ),
    Gap(
        methods=("conv/zero_stuffed_kernel", "conv/signal_*", "conv/jnp_*"),
        when=("nonfinite", "dilated"),
        reason="NaN and infinity meet the zeros between the kernel's taps",
        kind="never",
    ),
    Gap(
        methods=("*",),
        when=("x32", "float64"),
        reason="without jax_enable_x64 there is no float64: JAX takes it for float32",
        kind="never",
    ),
    Gap(
        methods=("backprop_filter/via_conv", "backprop_filter/batch_group_count"),
        when=("empty_output",),
        reason="an output of no place makes a kernel of no tap, which no convolution has",
        kind="never",
        raises="ValueError",
    ),
    Gap(
        methods=("contract/*_dtypes",),
        when=("x32",),
        reason="without jax_enable_x64 a float64 operand is float32 before any call is told of it",
        kind="never",
    ),
    Gap(
        methods=("contract/conv_padding_negative",),
        reason="XLA defines negative padding: it crops the image",
        kind="never",
    ),
    Gap(
        methods=("contract/conv_kernel_beyond_input",),
        reason="XLA's outputs of less than no place are empty (jax-ml/jax issue 8325)",
        kind="never",
    ),
    Gap(
        methods=("contract/transpose_padding_negative",),
        reason="lax.conv_transpose pads by dilation * (kernel - 1) - padding, which grows with it",
        kind="never",
    ),
    Gap(
        methods=("contract/transpose_filter_channels", "contract/transpose_size_unreachable"),
        reason="lax.conv_transpose is told no shape: the result has what filter and padding give",
        kind="never",
    ),
    Gap(
        methods=("contract/transpose_groups_*",),
        reason="lax.conv_transpose has no feature_group_count",
        kind="never",
        raises="TypeError",
    ),
    Gap(
        methods=("contract/transpose_*",),
        when=("grouped",),
        reason="lax.conv_transpose has no feature_group_count",
        kind="never",
        raises="TypeError",
    ),
)
