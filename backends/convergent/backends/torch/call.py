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

from convergent.backends.base import Tensors
from convergent.backends.torch import kernels
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
    device: str = "cpu"
    heard: list[kernels.Heard] | None = None
    """The convolutions of the call at hand, if somebody wants to know of them."""

    def conv(self, how: Call, x: Any, w: Any, bias: Any = None) -> Any:
        """Return ``F.conv*d`` of ``x (N, C, *input)`` and ``w (O, C/groups, *kernel)``."""
        op = getattr(self.F, f"conv{len(how.stride)}d")
        x = self.shifted(how, x)
        self.hear(how, x, w)
        return op(x, w, bias, how.stride, how.padding, how.dilation, how.groups)

    def transposed(self, case: Case, dy: Any, w: Any, bias: Any = None) -> Any:
        """Return ``F.conv_transpose*d`` of ``dy (N, O, *output)`` and ``w (O, C/groups, ...)``."""
        how = call(case)
        op = getattr(self.F, f"conv_transpose{case.dims}d")
        self.hear(how, dy, w, case.unused)
        dx = op(dy, w, bias, how.stride, how.padding, case.unused, how.groups, how.dilation)
        return self.unshifted(how, dx)

    def hear(
        self, how: Call, x: Any, w: Any, output_padding: tuple[int, ...] | None = None
    ) -> None:
        """Remember a convolution for ``kernel``; under ``vmap`` its shape is not the kernel's."""
        if self.heard is None or any(kernels.is_batched(self.torch, tensor) for tensor in (x, w)):
            return
        self.heard.append(
            kernels.Heard(
                image=kernels.sketch(x if x.ndim == w.ndim else x[None]),
                filter=kernels.sketch(w),
                stride=how.stride,
                padding=how.padding,
                dilation=how.dilation,
                groups=how.groups,
                output_padding=output_padding,
            )
        )

    def bias(self, case: Case, t: Tensors) -> Any:
        """Return a bias of zeros for the convolution."""
        return t.w.new_zeros(case.out_channels)

    def by_groups(self, case: Case, t: Tensors) -> Tensors:
        """Return the operands with an axis for the groups, before the channels of each."""
        each_in, each_out = case.in_channels // case.groups, case.out_channels // case.groups
        return Tensors(
            t.x.unflatten(1, (case.groups, each_in)),
            t.w.unflatten(0, (case.groups, each_out)),
            t.dy.unflatten(1, (case.groups, each_out)),
        )

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

    def pull_twice(
        self, function: Callable[[Any], Any], primal: Any, inner: Any, outer: Any
    ) -> Any:
        """Pull ``outer`` back through the gradient of ``primal`` to its cotangent ``inner``."""
        leaf, cotangent = primal.detach().requires_grad_(), inner.detach().requires_grad_()
        grad = self.torch.autograd.grad
        (found,) = grad(function(leaf), leaf, cotangent, create_graph=True)
        return grad(found, cotangent, outer)[0]

    def vjp(self, function: Callable[[Any], Any], primal: Any, cotangent: Any) -> Any:
        """Return the gradient that ``func.vjp`` gives ``primal`` for ``cotangent``."""
        return self.torch.func.vjp(function, primal)[1](cotangent)[0]

    def push(self, function: Callable[[Any], Any], primal: Any, tangent: Any) -> Any:
        """Return the tangent of the result that ``func.jvp`` gives at ``primal``."""
        with self.forward_mode():
            return self.torch.func.jvp(function, (primal,), (tangent,))[1]

    def push_dual(self, function: Callable[[Any], Any], tangent: Any) -> Any:
        """Return the tangent of the result for a dual number of zeros and ``tangent``."""
        forward = self.torch.autograd.forward_ad
        with self.forward_mode(), forward.dual_level():
            dual = forward.make_dual(self.torch.zeros_like(tangent), tangent)
            return forward.unpack_dual(function(dual)).tangent

    def linear(self, function: Callable[[Any], Any], tangent: Any) -> Any:
        """Return the tangent that ``func.linearize`` at zero gives for ``tangent``."""
        with self.forward_mode():
            return self.torch.func.linearize(function, self.torch.zeros_like(tangent))[1](tangent)

    @contextlib.contextmanager
    def forward_mode(self) -> Iterator[None]:
        """Bear with the first use of forward mode, which warns of its own ``torch.jit.script``."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
            yield
