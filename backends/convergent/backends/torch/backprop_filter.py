"""The ways in which PyTorch computes the gradient of the filter."""

from __future__ import annotations

from typing import Any

from convergent.backends import by_hand
from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import call
from convergent.backends.torch.gradients import Gradients
from convergent.cases.case import Case


class BackpropFilter(Gradients):
    """Methods of ``backprop_filter``."""

    @method("backprop_filter", "autodiff")
    def filter_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w with ``autograd.grad``."""
        how = call(case)
        return self.pull(lambda w: self.conv(how, t.x, w), t.w, t.dy)

    @method("backprop_filter", "backward")
    def filter_backward(self, case: Case, t: Tensors) -> Any:
        """Return ``w.grad`` after ``y.backward(d_y)``, which computes ``x.grad`` too."""
        return self.backward(case, t)[1]

    @method("backprop_filter", "vjp")
    def filter_vjp(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w with ``func.vjp``."""
        how = call(case)
        return self.torch.func.vjp(lambda w: self.conv(how, t.x, w), t.w)[1](t.dy)[0]

    @method("backprop_filter", "nn_grad")
    def filter_nn_grad(self, case: Case, t: Tensors) -> Any:
        """Call ``torch.nn.grad.conv*d_weight``."""
        how = call(case)
        op = getattr(self.nn_grad, f"conv{case.dims}d_weight")
        x = self.shifted(how, t.x)
        self.hear(how, x, t.w)
        return op(x, t.w.shape, t.dy, how.stride, how.padding, how.dilation, how.groups)

    @method("backprop_filter", "aten")
    def filter_aten(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for this gradient alone."""
        return self.aten(case, t, "w")["w"]

    @method("backprop_filter", "via_conv")
    def filter_via_conv(self, case: Case, t: Tensors) -> Any:
        """Convolve x with d_y as its filter, batch and channels exchanged."""
        recipe = by_hand.backprop_filter(case)
        exchanged = self.by_groups(case, t).x.movedim(0, 2).transpose(0, 1).flatten(1, 2)
        return self.follow(case, recipe, exchanged, t.dy.transpose(0, 1)).transpose(0, 1)

    @method("backprop_filter", "unfold")
    def filter_unfold(self, case: Case, t: Tensors) -> Any:
        """Multiply d_y with the windows that ``F.unfold`` lays out (1-D by a unit axis)."""
        columns = self.windows(case, t.x)
        rows = self.by_groups(case, t).dy.flatten(3)
        dw = self.torch.einsum("ngol,ngcl->goc", rows, columns)
        return dw.reshape(t.w.shape)

    @method("backprop_filter", "double_backward")
    def filter_double_backward(self, case: Case, t: Tensors) -> Any:
        """Pull x back through the gradient ``w -> d_x``."""
        x, w = t.x.detach().requires_grad_(), t.w.detach().requires_grad_()
        grad = self.torch.autograd.grad
        (dx,) = grad(self.conv(call(case), x, w), x, t.dy, create_graph=True)
        return grad(dx, w, t.x)[0]

    @method("backprop_filter", "per_sample")
    def filter_per_sample(self, case: Case, t: Tensors) -> Any:
        """Add up the d_w of each sample, taken under ``func.vmap`` over the batch."""
        how, func = call(case), self.torch.func

        def each(x: Any, dy: Any) -> Any:
            return func.vjp(lambda w: self.conv(how, x[None], w)[0], t.w)[1](dy)[0]

        return func.vmap(each)(t.x, t.dy).sum(0)

    @method("backprop_filter", "autodiff_with_bias")
    def filter_autodiff_with_bias(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w and a bias at once, with ``autograd.grad``."""
        return self.gradients(case, t, "wb")["w"]

    @method("backprop_filter", "autodiff_all")
    def filter_autodiff_all(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x, w and a bias at once, with ``autograd.grad``."""
        return self.gradients(case, t, "xwb")["w"]

    @method("backprop_filter", "aten_both")
    def filter_aten_both(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for the gradients of x and w."""
        return self.aten(case, t, "xw")["w"]

    @method("backprop_filter", "aten_all")
    def filter_aten_all(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for the gradients of x, w and a bias."""
        return self.aten(case, t, "xwb")["w"]

    @method("backprop_filter", "functional_vjp")
    def filter_functional_vjp(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w with ``autograd.functional.vjp``."""
        how, vjp = call(case), self.torch.autograd.functional.vjp
        return vjp(lambda w: self.conv(how, t.x, w), t.w, t.dy)[1]

    @method("backprop_filter", "jacobian_contracted")
    def filter_jacobian_contracted(self, case: Case, t: Tensors) -> Any:
        """Multiply d_y with the Jacobian ``d y / d w`` of ``func.jacrev``."""
        how = call(case)
        jacobian = self.torch.func.jacrev(lambda w: self.conv(how, t.x, w))(t.w)
        return self.contracted(jacobian, t.dy)

    @method("backprop_filter", "forward_over_reverse")
    def filter_forward_over_reverse(self, case: Case, t: Tensors) -> Any:
        """Push the tangent x of an image of zeros through the gradient ``x -> d_w``."""
        how = call(case)

        def gradient(x: Any) -> Any:
            return self.vjp(lambda w: self.conv(how, x, w), t.w, t.dy)

        return self.push(gradient, self.torch.zeros_like(t.x), t.x)

    @method("backprop_filter", "reverse_over_forward")
    def filter_reverse_over_forward(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w through the tangent that x gives y."""
        how, zero = call(case), self.torch.zeros_like(t.x)

        def tangent(w: Any) -> Any:
            return self.push(lambda x: self.conv(how, x, w), zero, t.x)

        return self.vjp(tangent, t.w, t.dy)

    @method("backprop_filter", "vmap_filter")
    def filter_vmap_filter(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to one filter of each group under ``func.vmap`` over these."""
        how, each = call(case), self.by_groups(case, t)

        def one(w: Any, dy: Any) -> Any:
            return self.vjp(lambda w: self.conv(how, t.x, w), w, dy)

        return self.torch.func.vmap(one, (1, 2), 1)(each.w, each.dy).flatten(0, 1)

    @method("backprop_filter", "vmap_groups")
    def filter_vmap_groups(self, case: Case, t: Tensors) -> Any:
        """Pull the d_y of one group back to its filters under ``func.vmap`` over the groups."""
        how, each = self.alone(case), self.by_groups(case, t)

        def one(x: Any, w: Any, dy: Any) -> Any:
            return self.vjp(lambda w: self.conv(how, x, w), w, dy)

        return self.torch.func.vmap(one, (1, 0, 1))(*each).flatten(0, 1)
