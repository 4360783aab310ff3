"""The problem descriptors of oneDNN's benchdnn: ``g1mb2ic3ih5oc4oh3kh3sh1ph0n"name"``.

An entry is a name and a number: ``g`` groups, ``mb`` batch, ``ic``/``oc`` channels; of the depth,
height and width ``d``, ``h``, ``w`` each the input ``i``, output ``o``, kernel ``k``, stride
``s``, padding before ``p`` and dilation ``d`` (0 is dense). What is not said is deduced:

- ``g`` is 1, ``mb`` 2, a stride 1, a dilation 0.
- Of a dimension that is there (one of its sizes, a stride or a padding is said) the input and the
  kernel must be said. Without an output, the padding is 0 unless said, and the same after as
  before; with one, padding not said is half of what that output needs, rounded towards zero, and
  the padding after is the rest, which may be negative.
- Depth alone is a cube, height alone a square, width alone is one-dimensional.
- ``_`` may follow an entry; ``n`` begins a name, which ends the descriptor; of an entry that is
  said twice the last counts.

The ``ic`` and ``oc`` of a deconvolution are its own: the convolution whose transpose it is, which
the case says, has them the other way round, and its input is the deconvolution's output.

Source: https://github.com/uxlfoundation/oneDNN/tree/main/tests/benchdnn/doc (knobs_desc.md,
driver_conv.md), and the parsers of its conv and deconv drivers.

>>> str(parse('ic3ih227iw227_oc96oh55ow55_kh11kw11_sh4sw4ph0pw0_n"alexnet:conv1"'))
'conv2d:n2_i227_c3_k11_o96_s4_p0'
>>> str(parse("mb1ic8iw5oc4ow9kw3sw2pw1", deconv=True))
'conv1d:i9_c4_k3_o8_s2_p1'
"""

from __future__ import annotations

import re

from convergent.cases import geometry
from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase
from convergent.cases.foreign.padding import needed, settled
from convergent.cases.foreign.source import quoted
from convergent.cases.record import record

_ENTRY = re.compile(r"(g|mb|[io]c|[iokspd][dhw])([0-9]*)_?", re.ASCII)
_MAX_DIGITS = 18
_BATCH = 2
_ALONE = {"d": 3, "h": 2, "w": 1}  # the dimensions of a problem that says this one alone


@record
class _Axis:
    """One dimension as the matching convolution has it: ``places`` of ``image``."""

    image: int
    places: int
    kernel: int
    stride: int
    dilation: int
    pad: tuple[int, int]


def parse(text: str, *, deconv: bool = False) -> Case:
    """Return the case of a descriptor, or raise ``InvalidCase`` with the entry at fault."""
    said = _entries(text)
    for name in ("ic", "oc"):
        if not said.get(name):
            raise InvalidCase(f"{quoted(text)} says no {name}, or 0; add {name}NUMBER")
    for name in ("g", "sd", "sh", "sw"):
        if said.get(name) == 0:
            raise InvalidCase(f"{quoted(text)} says {name}0; it must be positive")
    axes = _axes({name: _axis(name, said, text, deconv=deconv) for name in "dhw"}, text)
    stride = tuple(axis.stride for axis in axes)
    channels = said["ic"], said["oc"]
    return Case(
        input=tuple(axis.image for axis in axes),
        kernel=tuple(axis.kernel for axis in axes),
        batch=said.get("mb", _BATCH),
        in_channels=channels[deconv],
        out_channels=channels[not deconv],
        groups=said.get("g", 1),
        stride=stride,
        dilation=tuple(axis.dilation for axis in axes),
        padding=settled(tuple(axis.pad for axis in axes), stride),
    )


def _entries(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    place = 0
    while place < len(text) and text[place] != "n":
        entry = _ENTRY.match(text, place)
        if not entry:
            raise InvalidCase(
                f"{quoted(text)} is no case line (conv2d:i8_k3), JSON object or benchdnn "
                f"descriptor (ic3ih8oc4kh3): no entry begins with {quoted(text[place:])}"
            )
        name, digits = entry.groups()
        if not digits or len(digits) > _MAX_DIGITS:
            what = "a number that no size can have" if digits else "no number"
            raise InvalidCase(f"{quoted(text)} says {what} after {name}; write {name}3")
        found[name] = int(digits)
        place = entry.end()
    return found


def _axis(name: str, said: dict[str, int], text: str, *, deconv: bool) -> _Axis | None:
    """Return the dimension ``name`` with what is deduced, or ``None`` if it is not there."""
    i, o, k, d = (said.get(entry + name, 0) for entry in "iokd")
    stride, before = said.get(f"s{name}", 1), said.get(f"p{name}", -1)
    if not (i or o or k or d) and stride == 1 and before < 1:
        return None
    for entry, size in (("i", i), ("k", k)):
        if not size:
            raise InvalidCase(
                f"{quoted(text)} has the dimension {name} but no {entry}{name}, or 0; "
                f"add {entry}{name}NUMBER"
            )
    extent = geometry.extent(k, d + 1)
    if not o:
        before = max(before, 0)
        o = _deduced(i, extent, stride, before, deconv=deconv)
        if o <= 0:
            raise InvalidCase(
                f"{quoted(text)}: {name} has no output: {o}; enlarge i{name} or p{name}"
            )
    image, places = (o, i) if deconv else (i, o)
    zeros = needed(image, places, k, stride, d + 1)
    if before < 0:
        before = _quotient(zeros, 2)
    return _Axis(
        image=image,
        places=places,
        kernel=k,
        stride=stride,
        dilation=d + 1,
        pad=(before, zeros - before),
    )


def _deduced(i: int, extent: int, stride: int, pad: int, *, deconv: bool) -> int:
    if deconv:
        return (i - 1) * stride + extent - 2 * pad
    return _quotient(i - extent + 2 * pad, stride) + 1


def _quotient(a: int, b: int) -> int:
    """Divide as C does: towards zero."""
    return -(-a // b) if a < 0 else a // b


def _axes(found: dict[str, _Axis | None], text: str) -> list[_Axis]:
    """Return the dimensions there are, those that depth or height alone stand for included."""
    there = {name: axis for name, axis in found.items() if axis}
    if not there:
        raise InvalidCase(f"{quoted(text)} has no dimension; add ihNUMBER and khNUMBER")
    if len(there) == 1:
        ((name, axis),) = there.items()
        return [axis] * _ALONE[name]
    if "d" in there and len(there) != _ALONE["d"]:
        raise InvalidCase(f"{quoted(text)} says depth and one other; say both of h, w or neither")
    return list(there.values())
