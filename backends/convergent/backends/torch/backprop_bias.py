"""The ways in which PyTorch computes the gradient of a bias."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import call
from convergent.backends.torch.gradients import Gradients
from convergent.cases.case import Case


class BackpropBias(Gradients):
    """Methods of ``backprop_bias``."""

    @method("backprop_bias", "autodiff")
    def bias_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to a bias alone, with ``autograd.grad``."""
        return self.gradients(case, t, "b")["b"]

    @method("backprop_bias", "autodiff_with_input")
    def bias_autodiff_with_input(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to a bias and x at once, with ``autograd.grad``."""
        return self.gradients(case, t, "xb")["b"]

    @method("backprop_bias", "autodiff_with_filter")
    def bias_autodiff_with_filter(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to a bias and w at once, with ``autograd.grad``."""
        return self.gradients(case, t, "wb")["b"]

    @method("backprop_bias", "autodiff_all")
    def bias_autodiff_all(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to a bias, x and w at once, with ``autograd.grad``."""
        return self.gradients(case, t, "xwb")["b"]

    @method("backprop_bias", "aten")
    def bias_aten(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for this gradient alone."""
        return self.aten(case, t, "b")["b"]

    @method("backprop_bias", "aten_all")
    def bias_aten_all(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for the gradients of x, w and a bias."""
        return self.aten(case, t, "xwb")["b"]

    @method("backprop_bias", "layer")
    def bias_layer(self, case: Case, t: Tensors) -> Any:
        """Return the ``grad`` of the bias of an ``nn.Conv*d`` after ``y.backward(d_y)``."""
        bias = self.bias(case, t).requires_grad_()
        self.layer(case, t.x, {"weight": t.w, "bias": bias}).backward(t.dy)
        return bias.grad

    @method("backprop_bias", "vjp")
    def bias_vjp(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to a bias with ``func.vjp``."""
        how = call(case)
        return self.vjp(lambda b: self.conv(how, t.x, t.w, b), self.bias(case, t), t.dy)

    @method("backprop_bias", "of_transpose")
    def bias_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to the bias of a pointwise ``F.conv_transpose*d`` to the size of y."""
        op = getattr(self.F, f"conv_transpose{case.dims}d")
        w = t.w.new_zeros((case.out_channels, case.out_channels, *(1,) * case.dims))
        return self.pull(lambda b: op(t.dy, w, b), self.bias(case, t), t.dy)

    @method("backprop_bias", "per_sample")
    def bias_per_sample(self, case: Case, t: Tensors) -> Any:
        """Add up the gradient of each sample, taken under ``func.vmap`` over the batch."""
        how, bias = call(case), self.bias(case, t)

        def each(x: Any, dy: Any) -> Any:
            return self.vjp(lambda b: self.conv(how, x[None], t.w, b)[0], bias, dy)

        return self.torch.func.vmap(each)(t.x, t.dy).sum(0)
