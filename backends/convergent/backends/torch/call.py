"""How a case is told to PyTorch's convolutions, and the calls that every method shares.

PyTorch pads both sides alike. What the two sides have in common is told to the op; the rest is
done to the image, before a convolution and after a transposed one, by ``F.pad``, whose negative
padding crops. Trailing input that no window touches is ``output_padding``.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, Callable

from convergent.cases.case import Case, Pads
from convergent.cases.record import record


@record
class Call:
    """What an op is told: ``padding`` on both sides, after ``shift`` is done to the image."""

    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    padding: tuple[int, ...]
    shift: Pads

    @property
    def shifts(self) -> list[int]:
        """``shift`` as ``F.pad`` takes it, last dimension first."""
        return [zeros for pair in reversed(self.shift) for zeros in pair]

    @property
    def unshifts(self) -> list[int]:
        """What undoes ``shift``, and is its adjoint, as ``F.pad`` takes it."""
        return [-zeros for zeros in self.shifts]


def call(
    case: Case,
    *,
    pads: Pads | None = None,
    stride: tuple[int, ...] | None = None,
    dilation: tuple[int, ...] | None = None,
) -> Call:
    """Return what to tell an op of ``case``, or of other pads, stride and dilation."""
    pads = case.pads if pads is None else pads
    padding = tuple(max(min(lo, hi), 0) for lo, hi in pads)
    return Call(
        stride=stride or case.stride,
        dilation=dilation or case.dilation,
        groups=case.groups,
        padding=padding,
        shift=tuple((lo - p, hi - p) for p, (lo, hi) in zip(padding, pads)),
    )


class Calls:
    """The two convolutions of ``torch.nn.functional``, and one step of reverse or forward mode.

    The adapter sets ``torch``, ``F`` (``torch.nn.functional``) and ``nn_grad`` (``torch.nn.grad``).
    """

    torch: Any
    F: Any
    nn_grad: Any

    def conv(self, how: Call, x: Any, w: Any) -> Any:
        """Return ``F.conv*d`` of ``x (N, C, *input)`` and ``w (O, C/groups, *kernel)``."""
        op = getattr(self.F, f"conv{len(how.stride)}d")
        return op(self.shifted(how, x), w, None, how.stride, how.padding, how.dilation, how.groups)

    def transposed(self, case: Case, dy: Any, w: Any) -> Any:
        """Return ``F.conv_transpose*d`` of ``dy (N, O, *output)`` and ``w (O, C/groups, ...)``."""
        how = call(case)
        op = getattr(self.F, f"conv_transpose{case.dims}d")
        dx = op(dy, w, None, how.stride, how.padding, case.unused, how.groups, how.dilation)
        return self.unshifted(how, dx)

    def shifted(self, how: Call, x: Any) -> Any:
        """Return the image with what the op cannot pad or crop itself."""
        return self.F.pad(x, how.shifts) if any(how.shifts) else x

    def unshifted(self, how: Call, dx: Any) -> Any:
        """Return the gradient of the image from that of the shifted image."""
        return self.F.pad(dx, how.unshifts) if any(how.shifts) else dx

    def pull(self, function: Callable[[Any], Any], primal: Any, cotangent: Any) -> Any:
        """Return the gradient that ``autograd.grad`` gives ``primal`` for ``cotangent``."""
        leaf = primal.detach().requires_grad_()
        return self.torch.autograd.grad(function(leaf), leaf, cotangent)[0]

    def push(self, function: Callable[[Any], Any], primal: Any, tangent: Any) -> Any:
        """Return the tangent of the result that ``func.jvp`` gives at ``primal``."""
        with self.forward_mode():
            return self.torch.func.jvp(function, (primal,), (tangent,))[1]

    @contextlib.contextmanager
    def forward_mode(self) -> Iterator[None]:
        """Bear with the first use of forward mode, which warns of its own ``torch.jit.script``."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
            yield
