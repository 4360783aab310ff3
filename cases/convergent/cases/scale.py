"""Smaller problems of the same kind: batch and channels divided, space as it was.

>>> from convergent.cases.text import parse
>>> def scaled(line, by): return str(scale(parse(line), by))
>>> scaled("conv2d:n32_i56_c64_k3_o256_p1_nchw_normal", 8)
'conv2d:n4_i56_c8_k3_o32_p1_nchw_normal'

Depthwise stays depthwise, with its multiplier, and groups of several channels stay such:

>>> scaled("conv2d:n32_i28_c96_k5_o192_g96_pSAME", 8)
'conv2d:n4_i28_c12_k5_o24_g12_pSAME'
>>> scaled("conv2d:n32_i14_c512_k3_o512_g32_p1", 8)
'conv2d:n4_i14_c64_k3_o64_g4_p1'
>>> scaled("conv2d:n32_i27_c96_k5_o256_g2_p2", 8)
'conv2d:n4_i27_c12_k5_o32_g2_p2'

Nothing falls below one, what is empty stays empty, and a golden has numbers for its own sizes only:

>>> scaled("conv2d:n4_i9_c3_k3_o8", 16), scaled("conv1d:n0_i9_c4_k3", 2)
('conv2d:i9_k3', 'conv1d:n0_i9_c2_k3')
>>> scaled("conv2d:i6x10_c64_k2_s2_golden6", 8)
'conv2d:i6x10_c64_k2_s2_golden6'
"""

from __future__ import annotations

from convergent.cases.case import Case

_FEWEST_GROUPS = 2  # fewer are none
_FEWEST_INSIDE = 2  # input channels of a group; one alone is depthwise


def scale(case: Case, by: int) -> Case:
    """Return ``case`` with batch and channels divided by ``by``, which is 1 or more.

    Spatial sizes, stride, dilation, padding, dtype, layout, data and seed stay. Groups are divided
    before their insides; two of each are left at least. Raises ``ValueError`` for a ``by`` below 1.
    """
    if by < 1:
        raise ValueError(f"scale {by} must be 1 or more")
    if case.data.startswith("golden"):
        return case
    groups = case.groups
    if groups > 1:
        groups = max(groups // by, _FEWEST_GROUPS)
    inside = max(by * groups // case.groups, 1)  # the part of the division that groups left
    each_in, each_out = case.in_channels // case.groups, case.out_channels // case.groups
    is_depthwise = case.groups > 1 and each_in == 1
    is_grouped = case.groups > 1 and each_in > 1
    return case.replace(
        batch=_part(case.batch, by),
        in_channels=groups * max(_part(each_in, inside), _FEWEST_INSIDE * is_grouped),
        out_channels=groups * (each_out if is_depthwise else _part(each_out, inside)),
        groups=groups,
    )


def _part(count: int, by: int) -> int:
    return max(count // by, 1) if count else 0
