"""What a case can be chosen by: its sizes in a few words.

>>> of_case("conv2d:i9x10_c4_k3_o6_s2x1_p1_float16")
('2d', 'float16', '2x1', '1', '1', 'explicit')
>>> of_case("no case")
('', '', '', '', '', '')
"""

from __future__ import annotations

from convergent.cases.errors import InvalidCase
from convergent.cases.text import parse

FACETS = ("dims", "dtype", "stride", "dilation", "groups", "padding")


def of_case(line: str) -> tuple[str, ...]:
    """Return the facets of the case that ``line`` names; empty texts if it names none."""
    try:
        case = parse(line)
    except InvalidCase:
        return ("",) * len(FACETS)
    groups = "depthwise" if 1 < case.groups == case.in_channels else str(case.groups)
    padding = case.padding if isinstance(case.padding, str) else "explicit"
    return (
        f"{case.dims}d", case.dtype, _short(case.stride), _short(case.dilation), groups, padding
    )  # fmt: skip


def _short(sizes: tuple[int, ...]) -> str:
    alike = len(set(sizes)) == 1
    return str(sizes[0]) if alike else "x".join(map(str, sizes))
