"""The ways in which PyTorch computes the gradient of the image."""

from __future__ import annotations

from typing import Any

from convergent.backends import by_hand
from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import call
from convergent.backends.torch.gradients import Gradients
from convergent.cases.case import Case


class BackpropInput(Gradients):
    """Methods of ``backprop_input``."""

    @method("backprop_input", "autodiff")
    @method("transpose", "autodiff_of_conv")
    def input_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``autograd.grad``."""
        how = call(case)
        return self.pull(lambda x: self.conv(how, x, t.w), t.x, t.dy)

    @method("backprop_input", "backward")
    def input_backward(self, case: Case, t: Tensors) -> Any:
        """Return ``x.grad`` after ``y.backward(d_y)``, which computes ``w.grad`` too."""
        return self.backward(case, t)[0]

    @method("backprop_input", "vjp")
    def input_vjp(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``func.vjp``."""
        how = call(case)
        return self.torch.func.vjp(lambda x: self.conv(how, x, t.w), t.x)[1](t.dy)[0]

    @method("backprop_input", "nn_grad")
    def input_nn_grad(self, case: Case, t: Tensors) -> Any:
        """Call ``torch.nn.grad.conv*d_input``."""
        how = call(case)
        x = self.shifted(how, t.x)
        self.hear(how, x, t.w)
        op = getattr(self.nn_grad, f"conv{case.dims}d_input")
        dx = op(x.shape, t.w, t.dy, how.stride, how.padding, how.dilation, how.groups)
        return self.unshifted(how, dx)

    @method("backprop_input", "aten")
    def input_aten(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for this gradient alone."""
        return self.aten(case, t, "x")["x"]

    @method("backprop_input", "via_conv")
    @method("transpose", "via_conv")
    def input_via_conv(self, case: Case, t: Tensors) -> Any:
        """Convolve d_y, zeros inserted, with the flipped filter of swapped channels."""
        recipe = by_hand.backprop_input(case)
        swapped = self.by_groups(case, t).w.transpose(1, 2).flatten(0, 1)
        space = tuple(range(2, case.dims + 2))
        return self.follow(case, recipe, t.dy, swapped.flip(space))

    @method("backprop_input", "fold")
    def input_fold(self, case: Case, t: Tensors) -> Any:
        """Add up the windows ``w.T @ d_y`` with ``F.fold`` (1-D by a unit axis)."""
        how = call(case)
        rows = self.by_groups(case, t).dy.flatten(3)
        columns = (self.filter_rows(case, t.w).mT @ rows).flatten(1, 2)
        x, sizes = self.plane(case, self.shifted(how, t.x))
        dx = self.F.fold(columns, x.shape[2:], **sizes)
        return self.unshifted(how, dx.squeeze(2) if case.dims == 1 else dx)

    @method("backprop_input", "double_backward")
    def input_double_backward(self, case: Case, t: Tensors) -> Any:
        """Pull w back through the gradient ``x -> d_w``."""
        x, w = t.x.detach().requires_grad_(), t.w.detach().requires_grad_()
        grad = self.torch.autograd.grad
        (dw,) = grad(self.conv(call(case), x, w), w, t.dy, create_graph=True)
        return grad(dw, x, t.w)[0]

    @method("backprop_input", "per_sample")
    def input_per_sample(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one sample back to its x under ``func.vmap`` over the batch."""
        how, func = call(case), self.torch.func

        def each(x: Any, dy: Any) -> Any:
            return func.vjp(lambda x: self.conv(how, x[None], t.w)[0], x)[1](dy)[0]

        return func.vmap(each)(t.x, t.dy)

    @method("backprop_input", "autodiff_with_bias")
    def input_autodiff_with_bias(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x and a bias at once, with ``autograd.grad``."""
        return self.gradients(case, t, "xb")["x"]

    @method("backprop_input", "autodiff_all")
    def input_autodiff_all(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x, w and a bias at once, with ``autograd.grad``."""
        return self.gradients(case, t, "xwb")["x"]

    @method("backprop_input", "aten_both")
    def input_aten_both(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for the gradients of x and w."""
        return self.aten(case, t, "xw")["x"]

    @method("backprop_input", "aten_all")
    def input_aten_all(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for the gradients of x, w and a bias."""
        return self.aten(case, t, "xwb")["x"]

    @method("backprop_input", "functional_vjp")
    def input_functional_vjp(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``autograd.functional.vjp``."""
        how, vjp = call(case), self.torch.autograd.functional.vjp
        return vjp(lambda x: self.conv(how, x, t.w), t.x, t.dy)[1]

    @method("backprop_input", "jacobian_contracted")
    def input_jacobian_contracted(self, case: Case, t: Tensors) -> Any:
        """Multiply d_y with the Jacobian ``d y / d x`` of ``func.jacrev``."""
        how = call(case)
        jacobian = self.torch.func.jacrev(lambda x: self.conv(how, x, t.w))(t.x)
        return self.contracted(jacobian, t.dy)

    @method("backprop_input", "forward_over_reverse")
    @method("transpose", "forward_over_reverse_of_conv")
    def input_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Push the tangent w of a filter of zeros through the gradient ``w -> d_x``."""
        how = call(case)

        def gradient(w: Any) -> Any:
            return self.vjp(lambda x: self.conv(how, x, w), t.x, t.dy)

        return self.push(gradient, self.torch.zeros_like(t.w), t.w)

    @method("backprop_input", "reverse_over_forward")
    def input_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x through the tangent that w gives y."""
        how, zero = call(case), self.torch.zeros_like(t.w)

        def tangent(x: Any) -> Any:
            return self.push(lambda w: self.conv(how, x, w), zero, t.w)

        return self.vjp(tangent, t.x, t.dy)

    @method("backprop_input", "vmap_filter")
    def input_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Add up the d_x of one filter of each group, taken under ``func.vmap`` over these."""
        how, each = call(case), self.by_groups(case, t)

        def one(w: Any, dy: Any) -> Any:
            return self.vjp(lambda x: self.conv(how, x, w), t.x, dy)

        return self.torch.func.vmap(one, (1, 2))(each.w, each.dy).sum(0)

    @method("backprop_input", "vmap_groups")
    def input_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one group back to its x under ``func.vmap`` over the groups."""
        how, each = self.alone(case), self.by_groups(case, t)

        def one(x: Any, w: Any, dy: Any) -> Any:
            return self.vjp(lambda x: self.conv(how, x, w), x, dy)

        return self.torch.func.vmap(one, (1, 0, 1), 1)(*each).flatten(1, 2)
