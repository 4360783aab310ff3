"""A reference for scripts: the maps of convolution, one tap of the kernel after the other."""

from __future__ import annotations

from convergent.backends.base import OPS
from convergent.cases.case import Case
from convergent.harness.script import literal

_MAPS = {"conv": "conv", "backprop_input": "backprop_input", "transpose": "backprop_input",
         "backprop_filter": "backprop_filter"}  # fmt: skip


def reference(case: Case, op: str) -> list[str]:
    """Return the source of ``reference(...)``, which computes ``op`` of canonical arrays."""
    if op == "backprop_bias":
        return [
            "def reference(dy):",
            f"    return dy.reshape(-1, {case.out_channels}).sum(axis=0)",
            "",
            "",
        ]
    if op in _MAPS:
        return [*_taps(case), *_map(case, _MAPS[op], "reference")]
    return [*_taps(case), *_jacobian(case, op)]


def _taps(case: Case) -> list[str]:
    axes = list(zip(case.input, case.output, case.stride, case.dilation, case.pads, strict=True))
    rows = [(i, o, s, d, lo) for i, o, s, d, (lo, _) in axes]
    return [
        "def taps():",
        '    """Yield each tap, the places of the image it reads, the outputs it adds to."""',
        f"    for tap in np.ndindex({', '.join(map(str, case.kernel))}):",
        "        reads, adds = [slice(None)], [slice(None)]",
        f"        for t, (size, out, stride, dilation, before) in zip(tap, {rows}):",
        "            start = t * dilation - before",
        "            first = max(0, -(start // stride))",
        "            last = max(first, min(out, (size - 1 - start) // stride + 1))",
        "            adds.append(slice(first, last))",
        "            reads.append(slice(start + first * stride, start + last * stride, stride)",
        "                         if last > first else slice(0, 0))",
        "        yield tap, tuple(reads), tuple(adds)",
        "",
        "",
    ]


def _map(case: Case, name: str, called: str) -> list[str]:
    g, c, o = case.groups, case.in_channels // case.groups, case.out_channels // case.groups
    x, y = (case.batch, *case.input, g, c), (case.batch, *case.output, g, o)
    w = (*case.kernel, c, g, o)
    given, shape, add, result = {
        "conv": (
            f"x, w = x.reshape{x}, w.reshape{w}",
            y,
            'total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])',
            case.y_shape,
        ),
        "backprop_input": (
            f"dy, w = dy.reshape{y}, w.reshape{w}",
            x,
            'total[reads] += np.einsum("...go,cgo->...gc", dy[adds], w[tap])',
            case.x_shape,
        ),
        "backprop_filter": (
            f"x, dy = x.reshape{x}, dy.reshape{y}",
            w,
            (
                f'total[tap] += np.einsum("ngc,ngo->cgo", x[reads].reshape(-1, {g}, {c}), '
                f"dy[adds].reshape(-1, {g}, {o}))"
            ),
            case.w_shape,
        ),
    }[name]
    arguments = {"conv": "x, w", "backprop_input": "dy, w", "backprop_filter": "x, dy"}[name]
    return [
        f"def {called}({arguments}):",
        f"    {given}",
        f"    total = np.zeros({shape}, {arguments.split(', ')[0]}.dtype)",
        "    for tap, reads, adds in taps():",
        *_long(add),
        f"    return total.reshape{result}",
        "",
        "",
    ]


def _long(add: str) -> list[str]:
    if len(add) <= literal.WIDTH - 8:
        return [f"        {add}"]
    head, _, rest = add.partition("x[reads]")
    return [f"        {head.rstrip()}", f"            x[reads]{rest}"]


def _jacobian(case: Case, op: str) -> list[str]:
    """Return a Jacobian column by column: the map of every unit operand."""
    shape = {"x": case.x_shape, "w": case.w_shape, "y": case.y_shape}
    result, role = OPS[op]
    name, call = {
        "jacobian_input": ("conv", "conv(unit, fixed)"),
        "jacobian_filter": ("conv", "conv(fixed, unit)"),
        "transpose_jacobian_input": ("backprop_input", "backprop_input(unit, fixed)"),
        "transpose_jacobian_filter": ("backprop_input", "backprop_input(fixed, unit)"),
    }[op]
    return [
        *_map(case, name, name),
        "def reference(fixed):",
        f"    total = np.zeros({(*shape[result], *shape[role])}, fixed.dtype)",
        f"    for place in np.ndindex({shape[role]}):",
        f"        unit = np.zeros({shape[role]}, fixed.dtype)",
        "        unit[place] = 1",
        f"        total[(..., *place)] = {call}",
        "    return total",
        "",
        "",
    ]
