"""The gradients of a convolution written as convolutions: paddings, strides and flips.

For ``y = conv(x, w)`` with stride ``s``, dilation ``d``, padding ``(lo, hi)``, kernel ``k``:

*backprop input*: insert ``s - 1`` zeros between the places of ``d_y``, pad, and convolve with
the filter flipped in every spatial axis (rot180) whose channel axes are swapped in each group;
the dilation stays, the stride is 1.

*backprop filter*: ``x`` is the image and ``d_y`` the filter, with batch and channels exchanged;
the stride becomes dilation and the dilation becomes stride.

In canonical layout, with G groups: image ``(C/G, *input, G*N)``, filter ``(*output, N, O)``, G
groups, result ``(C/G, *kernel, O)``. Source: Dumoulin & Visin (2016), sections 4.1 to 4.6.
"""

from __future__ import annotations

from convergent.cases.case import Case, Pads
from convergent.cases.record import record


@record
class Recipe:
    """The convolution that computes a gradient: its padding (negative crops) and steps.

    A crop may reach past the image into the zeros of the other side: pad first, then crop.
    """

    insert: tuple[int, ...]  # the image's places move this far apart, zeros between
    pads: Pads
    stride: tuple[int, ...]
    dilation: tuple[int, ...]


def backprop_input(case: Case) -> Recipe:
    """Return the convolution of ``d_y`` with the flipped, swapped filter that gives ``d_x``."""
    pads = []
    for i, out, e, s, (lo, _) in zip(case.input, case.output, case.extents, case.stride, case.pads):
        stuffed = max((out - 1) * s + 1, 0)  # nothing is between no places
        before = e - 1 - lo
        pads.append((before, i + e - 1 - stuffed - before))
    ones = (1,) * case.dims
    return Recipe(insert=case.stride, pads=tuple(pads), stride=ones, dilation=case.dilation)


def backprop_filter(case: Case) -> Recipe:
    """Return the convolution of ``x`` with ``d_y`` as its filter that gives ``d_w``."""
    pads = []
    for i, out, e, s, (lo, _) in zip(case.input, case.output, case.extents, case.stride, case.pads):
        # Just enough image for `kernel` results: what no window touched is cropped.
        pads.append((lo, (out - 1) * s + e - i - lo))
    ones = (1,) * case.dims
    return Recipe(insert=ones, pads=tuple(pads), stride=case.dilation, dilation=case.stride)
