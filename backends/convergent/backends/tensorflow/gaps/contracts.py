"""Illegal calls that TensorFlow cannot be told, or that it documents a meaning for."""

from __future__ import annotations

from convergent.backends.base import Gap

GAPS: tuple[Gap, ...] = (
    Gap(
        methods=("contract/*_groups_*",),
        kind="never",
        reason="no function has a number of groups: the filter's shape implies it",
    ),
    Gap(
        methods=("contract/conv_rank",),
        kind="never",
        reason="tf.nn.conv*d documents any number of batch axes",
    ),
    Gap(
        methods=("contract/backprop_filter_rank",),
        when=("1d",),
        kind="never",
        reason="tf.nn.conv1d documents any number of batch axes, and so has its gradient",
    ),
)
