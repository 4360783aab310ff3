"""Boundaries, one by one: where kernels for the middle of the range end and others begin.

``python -m convergent.cases.edge`` prints the suite ``edge``. Every boundary is a list of shapes;
dtype, layout and data go round, so that each meets every boundary somewhere.

>>> [str(case) for case in tails()[:2]]
['conv2d:n16_i3x10_k3_o4_p1_float64', 'conv2d:n17_i3x11_c2_k3_o5_p1_float64_nchw_normal']
"""

from __future__ import annotations

import sys

from convergent.cases.case import DATA, DTYPES, LAYOUTS, Case
from convergent.cases.text import parse

TAILS = (*range(1, 18), 31, 32, 33, 63, 64, 65)
"""Vectors hold 2 to 32 numbers: all of one, one more or less, and every tail of a short one."""

BOUNDARIES: dict[str, tuple[str, ...]] = {
    "The kernel fits once: an output of one place.": (
        "conv1d:n2_i5_c3_k5_o4",
        "conv1d:i1_c5_k1_o3",
        "conv2d:n2_i4x5_c2_k4x5_o3",
        "conv2d:n3_i7_c2_k4_o3_d2",
        "conv2d:n2_i1_c3_k3_o4_p1",
        "conv2d:i6_c4_k5_o4_g4_s2",
        "conv2d:n2_i2x3_c2_k3_o5_s3_pSAME",
        "conv3d:i3x2x4_c2_k3x2x4_o3",
        "conv3d:n2_i2_c3_k1_o2_s2",
    ),
    "The kernel is larger than the image; dilation and one dimension alone may make it so.": (
        "conv1d:n2_i3_c2_k5_o3_pSAME",
        "conv1d:i2_c3_k7_o2_p4",
        "conv2d:n2_i2x3_c3_k5x4_o2_pSAME",
        "conv2d:i3_c2_k4_o5_s2_pSAMELOWER",
        "conv2d:n2_i2x6_c2_k5x3_o3_p2x1",
        "conv2d:i3_c2_k3_o4_d3_pSAME",
        "conv2d:i4x3_c4_k5_o4_g2_p1+3x2",
        "conv3d:n2_i2x3x2_c2_k3x5x4_o3_pSAME",
        "conv3d:i1x3x3_c2_k3_o2_p1",
    ),
    "The stride is larger than the kernel: parts of the image go unread.": (
        "conv1d:n2_i11_c3_k2_o4_s5",
        "conv1d:i9_c2_k1_o3_s4",
        "conv2d:n2_i9x8_c3_k2_o4_s3",
        "conv2d:i7_c4_k1_o5_s2",
        "conv2d:n2_i10x7_c2_k2x3_o3_s4x5_pSAME",
        "conv2d:i9_c6_k1_o6_g3_s3_pSAMELOWER",
        "conv2d:n2_i9_c2_k2_o3_s5_d3",
        "conv3d:i5x6x7_c2_k1x2x1_o3_s2x3x4",
        "conv3d:n2_i6_c3_k2_o2_s3_p1",
    ),
    "The padding is as long as the kernel or longer: windows of zeros alone.": (
        "conv1d:n2_i5_c2_k2_o3_p4",
        "conv1d:i4_c3_k1_o2_p2",
        "conv2d:n2_i4x3_c2_k2_o3_p3",
        "conv2d:i3_c3_k3_o4_s2_p5x4",
        "conv2d:n2_i3x4_c2_k1_o3_p1",
        "conv2d:i4_c4_k2_o4_g4_p2+3x3",
        "conv2d:n2_i4_c2_k2_o3_d2_p4",
        "conv3d:i2x3x2_c2_k2x1x2_o3_p2x1x3",
        "conv3d:n2_i3_c2_k1_o2_s2_p1",
    ),
    "Zeros on one side only: causal in time, or after, as SAME has them with stride 2.": (
        "conv1d:n2_i7_c3_k3_o4_p2+0",
        "conv1d:i7_c2_k3_o3_d2_p4+0",
        "conv1d:n2_i8_c4_k4_o4_g4_s2_p0+3",
        "conv2d:n2_i5x6_c3_k3_o2_p0+2x2+0",
        "conv2d:i6_c2_k3_o4_s2_p0+1",
        "conv2d:n2_i5_c4_k2_o6_g2_p1+0",
        "conv2d:i5x4_c2_k3_o3_p2+0x0",
        "conv3d:n2_i4x3x5_c2_k3x2x3_o3_p2+0x0+1x0+2",
        "conv3d:i4_c3_k3_o2_p2+0x1x1",
    ),
    "The image is longer than the output needs: output padding of the transpose.": (
        "conv1d:n2_i8_c3_k3_o2_s3",
        "conv1d:i12_c2_k3_o3_s4_d2",
        "conv2d:n2_i6x7_c3_k3x2_o4_s2x3",
        "conv2d:i6_c2_k3_o3_s2_p1",
        "conv2d:n2_i10x9_c2_k2x3_o3_s3x2_d2x1",
        "conv2d:i10_c2_k3_o2_s3_d2_p1",
        "conv2d:n2_i8_c6_k3_o6_g3_s4",
        "conv2d:i7_c3_k1_o2_s4",
        "conv3d:n2_i6x5x8_c2_k3_o3_s2x2x3_p1x1x0",
        "conv3d:i7_c2_k2_o2_s3_d2",
    ),
    "SAME and SAME_LOWER with even kernels, strides and dilation: which side has one zero more.": (
        "conv1d:n2_i9_c3_k4_o2_s2_pSAME",
        "conv1d:i10_c2_k2_o3_s3_pSAMELOWER",
        "conv2d:n2_i7x8_c2_k4_o3_s2_pSAME",
        "conv2d:n2_i7x8_c2_k4_o3_s2_pSAMELOWER",
        "conv2d:i6_c3_k2_o2_pSAME",
        "conv2d:i6_c3_k2_o2_pSAMELOWER",
        "conv2d:n2_i9x7_c4_k2x4_o4_g2_s3x2_pSAMELOWER",
        "conv2d:i8_c2_k4_o3_d3_pSAME",
        "conv2d:n2_i9_c3_k2_o3_s2_d3_pSAMELOWER",
        "conv3d:i5x4x6_c2_k2x4x2_o3_s2_pSAME",
        "conv3d:n2_i4x5x5_c2_k4x2x2_o2_s1x2x3_pSAMELOWER",
    ),
    "Groups: one per channel, with several outputs each, more in than out and the reverse.": (
        "conv1d:n2_i8_c6_k3_o6_g6_pSAME",
        "conv1d:i8_c3_k2_o9_g3",
        "conv2d:n2_i6x5_c5_k3_o5_g5_p1",
        "conv2d:i6_c4_k3x2_o12_g4_s2",
        "conv2d:n2_i5_c8_k2_o4_g4",
        "conv2d:i6_c4_k3_o10_g2_pSAME",
        "conv2d:n2_i5_c9_k1_o6_g3",
        "conv2d:i7_c6_k3_o6_g2_d2",
        "conv2d:n2_i4_c17_k2_o17_g17",
        "conv2d:i5_c2_k3_o2_g2",
        "conv2d:n2_i5_c6_k3_o3_g3",
        "conv3d:i4_c3_k2_o3_g3",
        "conv3d:n2_i4x3x4_c4_k2_o8_g4_pSAME",
        "conv3d:i3_c6_k2_o4_g2",
    ),
    "Prime sizes: no blocking divides them.": (
        "conv1d:n3_i23_c5_k7_o11_s3",
        "conv1d:n2_i17_c7_k5_o3_s2_p2",
        "conv2d:n2_i13x11_c7_k5x3_o5_s2x3",
        "conv2d:n5_i11x7_c3_k5_o13_p2",
        "conv2d:n3_i17_c7_k3_o7_g7_s5_pSAME",
        "conv2d:n2_i13_c11_k3_o23_d3",
        "conv3d:n2_i7x5x11_c3_k5x3x2_o7_s2x1x3",
        "conv3d:n3_i5_c7_k3_o5_p1",
    ),
    "A size of one in each position: batch, image, channels, kernel, outputs, output.": (
        "conv2d:i5x6_c3_k3x2_o4",
        "conv2d:n2_i1x6_c3_k1x3_o4",
        "conv2d:n2_i6x1_c3_k3x1_o4",
        "conv2d:n2_i5x6_c1_k3x2_o4",
        "conv2d:n2_i5x6_c3_k1x2_o4",
        "conv2d:n2_i5x6_c3_k3x1_o4",
        "conv2d:n2_i5x6_c3_k3x2_o1",
        "conv2d:n2_i3x6_c3_k3x2_o4",
        "conv2d:n2_i5x2_c3_k3x2_o4",
        "conv2d:n2_i5x6_c1_k3x2_o1",
        "conv2d:n2_i1_c3_k1_o4",
        "conv1d:i7_c3_k3_o4",
        "conv1d:n2_i1_c3_k1_o4",
        "conv1d:n2_i7_c1_k3_o1",
        "conv1d:n2_i7_c3_k1_o4",
        "conv3d:n2_i1x4x5_c2_k1x3x2_o3",
        "conv3d:n2_i4x1x5_c2_k3x1x2_o3",
        "conv3d:n2_i4x5x1_c2_k3x2x1_o3",
        "conv3d:n2_i3x4x3_c1_k2_o1",
        "conv3d:i1_k1",
    ),
    "Asymmetric padding, and negative, which crops.": (
        "conv1d:n2_i8_c3_k3_o2_p1+3",
        "conv1d:i9_c2_k2_o3_s2_p-2+1",
        "conv2d:n2_i6x7_c2_k3_o3_p1+2x3+0",
        "conv2d:i7x6_c3_k3x2_o2_s2_p2+1x0+3",
        "conv2d:n2_i7_c2_k3_o4_p-1",
        "conv2d:i7x8_c4_k2_o4_g2_p-2+1x0+-3",
        "conv2d:n2_i8_c2_k2_o3_s2_d2_p-1+2x3+-1",
        "conv2d:i5_c3_k1_o2_p-2",
        "conv3d:n2_i5x4x6_c2_k2_o3_p-1+1x1+0x0+-2",
        "conv3d:i4_c3_k3_o2_p0+1x2+1x1+2",
    ),
    "Dilation: unequal, of a kernel of one, with stride, and so far that taps meet zeros alone.": (
        "conv1d:n2_i13_c3_k3_o2_d5",
        "conv1d:i4_c2_k3_o3_d4_pSAME",
        "conv2d:n2_i9x8_c2_k3x2_o3_d2x3",
        "conv2d:i9_c3_k1_o2_d3",
        "conv2d:n2_i11_c2_k3_o3_s2_d2",
        "conv2d:i11_c2_k3_o3_s3_d2",
        "conv2d:n2_i3_c2_k3_o3_d5_pSAME",
        "conv2d:i8_c4_k3_o4_g4_d2_pSAME",
        "conv3d:n2_i6x5x7_c2_k2_o3_d3x2x4",
        "conv3d:i3_c2_k3_o2_d2_pSAMELOWER",
    ),
}
"""What each boundary is, and shapes at it."""

_TAILS_SAID = (
    "Tails of vectors: 1 to 17, 31 to 33 and 63 to 65 input channels, output channels, columns\n"
    "and samples, each with every dtype and both layouts. The four go round against each other."
)
# How far outputs, columns and samples are ahead of the input channels in TAILS, by dtype; chosen
# so that every number meets both layouts in every position, and no case is large.
_AHEAD = {
    "float64": (3, 9, 15),
    "float32": (13, 18, 6),
    "float16": (6, 13, 17),
    "bfloat16": (8, 11, 17),
}


def edges() -> dict[str, list[Case]]:
    """Return the cases of each boundary, tails last."""
    found: dict[str, list[Case]] = {}
    number = 0
    for said, lines in BOUNDARIES.items():
        found[said] = [_dressed(line, number + step) for step, line in enumerate(lines)]
        number += len(lines)
    return {**found, _TAILS_SAID: tails()}


def tails() -> list[Case]:
    """Return cases in which every number of ``TAILS`` stands in every position, for each dtype."""
    return [
        _tail(place, dtype, turn)
        for turn, dtype in enumerate(DTYPES)
        for place in range(len(TAILS))
    ]


def _tail(place: int, dtype: str, turn: int) -> Case:
    out, columns, samples = (TAILS[(place + step) % len(TAILS)] for step in _AHEAD[dtype])
    return Case(
        batch=samples,
        input=(3, columns),
        in_channels=TAILS[place],
        kernel=(3, 3),
        out_channels=out,
        padding=((1, 1), (1, 1)),
        dtype=dtype,
        layout=LAYOUTS[(place + turn) % len(LAYOUTS)],
        data=DATA[(place + turn) % len(DATA)],
    )


def _dressed(line: str, number: int) -> Case:
    """Return a shape with the dtype, layout and data whose turn it is; all 24 come in 24 turns."""
    dtypes = len(DTYPES)
    return parse(line).replace(
        dtype=DTYPES[number % dtypes],
        layout=LAYOUTS[(number + number // dtypes) % len(LAYOUTS)],
        data=DATA[number % len(DATA)],
    )


def main() -> None:
    """Print the text of the suite."""
    write = sys.stdout.write
    write("# Every boundary of sizes, strides, padding, dilation and groups, and every tail of a\n")
    write("# vector, in small cases.\n\n")
    write("# Made by: python -m convergent.cases.edge > cases/convergent/cases/suites/edge.txt\n")
    for said, cases in edges().items():
        write("".join(f"\n# {line}" for line in said.split("\n")) + "\n")
        sys.stdout.writelines(f"{case}\n" for case in cases)


if __name__ == "__main__":
    main()
