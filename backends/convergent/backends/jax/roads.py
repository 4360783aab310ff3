"""What every road through a derivative begins with: the maps of one operand, pushed and pulled."""

from __future__ import annotations

from typing import Any, Callable

from convergent.backends.base import Tensors
from convergent.backends.jax.lax import Lax, channel, specs, split
from convergent.cases.case import Case

Map = Callable[[Any], Any]


class Roads(Lax):
    """The maps as functions of one operand, and the derivatives of a map."""

    def _of_input(self, case: Case, t: Tensors) -> Map:
        return lambda x: self._conv(case, x, t.w)

    def _of_filter(self, case: Case, t: Tensors) -> Map:
        return lambda w: self._conv(case, t.x, w)

    def _transposed_of_input(self, case: Case, t: Tensors) -> Map:
        return lambda dy: self._transposed(case, dy, t.w)

    def _transposed_of_filter(self, case: Case, t: Tensors) -> Map:
        return lambda w: self._transposed(case, t.dy, w)

    def _pull(self, function: Map, primal: Any, cotangent: Any) -> Any:
        """Return the cotangent of ``primal`` that ``jax.vjp`` of ``function`` gives."""
        _, pullback = self.jax.vjp(function, primal)
        return pullback(cotangent)[0]

    def _push(self, function: Map, tangent: Any) -> Any:
        """Return the tangent that ``jax.jvp`` of ``function`` at zeros gives."""
        return self.jax.jvp(function, (self.jnp.zeros_like(tangent),), (tangent,))[1]

    def _linearized(self, function: Map, tangent: Any) -> Any:
        """Apply the linear map that ``jax.linearize`` of ``function`` finds at zeros."""
        _, linear = self.jax.linearize(function, self.jnp.zeros_like(tangent))
        return linear(tangent)

    def _flip(self, function: Map, primal: Any, cotangent: Any) -> Any:
        """Apply what ``jax.linear_transpose`` makes of the linear ``function``."""
        return self.jax.linear_transpose(function, primal)(cotangent)[0]

    def _d_x(self, case: Case, t: Tensors) -> Any:
        return self._pull(self._of_input(case, t), t.x, t.dy)

    def _d_w(self, case: Case, t: Tensors) -> Any:
        return self._pull(self._of_filter(case, t), t.w, t.dy)


def filters_of(case: Case, w: Any) -> Any:
    """Return a filter's outputs as two axes: the group, and the place in it."""
    return split(w, specs(case)[1].index("O"), case.groups)


def groups_of(case: Case, image: Any) -> Any:
    """Return the channels of an image or output as two axes: the group, and the place in it."""
    return split(image, channel(case), case.groups)


def output_axis(case: Case) -> int:
    """Return which axis of a filter is its outputs."""
    return specs(case)[1].index("O")
