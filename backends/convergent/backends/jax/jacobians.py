"""The Jacobians of both convolutions, by reverse and by forward mode."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.jax.roads import Roads
from convergent.cases.case import Case


class Jacobians(Roads):
    """``jax.jacrev`` and ``jax.jacfwd`` w.r.t. every operand."""

    @method("jacobian_input", "jacrev")
    def jacobian_input_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by reverse mode, a row at a time under ``vmap``."""
        return self.jax.jacrev(self._of_input(case, t))(t.x)

    @method("jacobian_input", "jacfwd")
    def jacobian_input_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by forward mode, a column at a time under ``vmap``."""
        return self.jax.jacfwd(self._of_input(case, t))(t.x)

    @method("jacobian_filter", "jacrev")
    def jacobian_filter_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by reverse mode, a row at a time under ``vmap``."""
        return self.jax.jacrev(self._of_filter(case, t))(t.w)

    @method("jacobian_filter", "jacfwd")
    def jacobian_filter_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by forward mode, a column at a time under ``vmap``."""
        return self.jax.jacfwd(self._of_filter(case, t))(t.w)

    @method("transpose_jacobian_input", "jacrev")
    def transpose_jacobian_input_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its input by reverse mode."""
        return self.jax.jacrev(self._transposed_of_input(case, t))(t.dy)

    @method("transpose_jacobian_input", "jacfwd")
    def transpose_jacobian_input_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its input by forward mode."""
        return self.jax.jacfwd(self._transposed_of_input(case, t))(t.dy)

    @method("transpose_jacobian_filter", "jacrev")
    def transpose_jacobian_filter_by_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its filter by reverse mode."""
        return self.jax.jacrev(self._transposed_of_filter(case, t))(t.w)

    @method("transpose_jacobian_filter", "jacfwd")
    def transpose_jacobian_filter_by_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its filter by forward mode."""
        return self.jax.jacfwd(self._transposed_of_filter(case, t))(t.w)
