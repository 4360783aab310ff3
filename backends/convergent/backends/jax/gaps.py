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
        methods=("*",),
        when=("x32", "float64"),
        reason="without jax_enable_x64 there is no float64: JAX takes it for float32",
        kind="never",
    ),
)
