"""What XLA cannot compile; ``when`` gets the mode's word where all gaps are gathered."""

from __future__ import annotations

from convergent.backends.base import Gap

_REFUSED = "InvalidArgumentError"  # detected unsupported operations

GAPS: tuple[Gap, ...] = (
    Gap(
        methods=("backprop_*/raw_op_v2",),
        unless=("3d",),
        reason="XLA has no Conv2DBackpropInputV2 and no Conv2DBackpropFilterV2",
        raises=_REFUSED,
    ),
    Gap(
        methods=("conv/fused_pad",),
        reason="XLA has no FusedPadConv2D",
        raises=_REFUSED,
    ),
    Gap(
        methods=("*/patches",),
        when=("3d",),
        reason="XLA has no ExtractVolumePatches",
        raises=_REFUSED,
    ),
    # The gradient of tf.pad is a slice too; Conv2D alone pads on its own.
    *(
        Gap(
            methods=("backprop_input/forward_over_reverse",),
            when=when,
            unless=unless,
            reason="the gradient of a slice has no gradient under XLA: XlaDynamicUpdateSlice",
            raises="StagingError",
        )
        for when, unless in (
            (("negative_padding",), ()),
            (("1d", "padded"), ("valid", "same")),
            (("3d", "padded"), ("valid", "same")),
        )
    ),
)
