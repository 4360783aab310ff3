"""What PyTorch's interface cannot be asked, and why."""

from __future__ import annotations

from convergent.backends.base import Gap

GAPS = (
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
    Gap(
        methods=("*",),
        when=("reversed",),
        reason="a tensor has no negative strides",
        raises="RuntimeError",
    ),
)
