"""The Jacobians of PyTorch's convolution and of its transposed convolution."""

from __future__ import annotations

from typing import Any, Callable

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import Calls, call
from convergent.cases.case import Case


class Jacobians(Calls):
    """Methods of the four Jacobians: reverse and forward mode under ``vmap``, and row by row."""

    @method("jacobian_input", "jacrev")
    def jacobian_input_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by ``func.jacrev``."""
        return self.torch.func.jacrev(self._of_input(case, t))(t.x)

    @method("jacobian_input", "jacfwd")
    def jacobian_input_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by ``func.jacfwd``."""
        return self._jacfwd(self._of_input(case, t), t.x)

    @method("jacobian_input", "autograd")
    def jacobian_input_autograd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d x`` by ``autograd.functional.jacobian``."""
        return self.torch.autograd.functional.jacobian(self._of_input(case, t), t.x)

    @method("jacobian_filter", "jacrev")
    def jacobian_filter_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by ``func.jacrev``."""
        return self.torch.func.jacrev(self._of_filter(case, t))(t.w)

    @method("jacobian_filter", "jacfwd")
    def jacobian_filter_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by ``func.jacfwd``."""
        return self._jacfwd(self._of_filter(case, t), t.w)

    @method("jacobian_filter", "autograd")
    def jacobian_filter_autograd(self, case: Case, t: Tensors) -> Any:
        """Return ``d y / d w`` by ``autograd.functional.jacobian``."""
        return self.torch.autograd.functional.jacobian(self._of_filter(case, t), t.w)

    @method("transpose_jacobian_input", "jacrev")
    def transpose_jacobian_input_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its input by ``func.jacrev``."""
        return self.torch.func.jacrev(self._transposed_of_input(case, t))(t.dy)

    @method("transpose_jacobian_input", "jacfwd")
    def transpose_jacobian_input_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its input by ``func.jacfwd``."""
        return self._jacfwd(self._transposed_of_input(case, t), t.dy)

    @method("transpose_jacobian_input", "autograd")
    def transpose_jacobian_input_autograd(self, case: Case, t: Tensors) -> Any:
        """Return the same Jacobian by ``autograd.functional.jacobian``."""
        return self.torch.autograd.functional.jacobian(self._transposed_of_input(case, t), t.dy)

    @method("transpose_jacobian_filter", "jacrev")
    def transpose_jacobian_filter_jacrev(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its filter by ``func.jacrev``."""
        return self.torch.func.jacrev(self._transposed_of_filter(case, t))(t.w)

    @method("transpose_jacobian_filter", "jacfwd")
    def transpose_jacobian_filter_jacfwd(self, case: Case, t: Tensors) -> Any:
        """Return the transposed convolution's Jacobian w.r.t. its filter by ``func.jacfwd``."""
        return self._jacfwd(self._transposed_of_filter(case, t), t.w)

    @method("transpose_jacobian_filter", "autograd")
    def transpose_jacobian_filter_autograd(self, case: Case, t: Tensors) -> Any:
        """Return the same Jacobian by ``autograd.functional.jacobian``."""
        return self.torch.autograd.functional.jacobian(self._transposed_of_filter(case, t), t.w)

    def _jacfwd(self, function: Callable[[Any], Any], primal: Any) -> Any:
        with self.forward_mode():
            return self.torch.func.jacfwd(function)(primal)

    def _of_input(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        how = call(case)
        return lambda x: self.conv(how, x, t.w)

    def _of_filter(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        how = call(case)
        return lambda w: self.conv(how, t.x, w)

    def _transposed_of_input(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        return lambda dy: self.transposed(case, dy, t.w)

    def _transposed_of_filter(self, case: Case, t: Tensors) -> Callable[[Any], Any]:
        return lambda w: self.transposed(case, t.dy, w)
