"""The ways in which PyTorch computes the two gradients of a convolution."""

from __future__ import annotations

from typing import Any

from convergent.backends import by_hand
from convergent.backends.base import Tensors, method
from convergent.backends.torch.call import call
from convergent.backends.torch.conv import Conv
from convergent.cases.case import Case


class Gradients(Conv):
    """Methods of ``backprop_input`` and ``backprop_filter``."""

    # backprop input

    @method("backprop_input", "autodiff")
    @method("transpose", "autodiff_of_conv")
    def input_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``autograd.grad``."""
        how = call(case)
        return self.pull(lambda x: self.conv(how, x, t.w), t.x, t.dy)

    @method("backprop_input", "backward")
    def input_backward(self, case: Case, t: Tensors) -> Any:
        """Return ``x.grad`` after ``y.backward(d_y)``, which computes ``w.grad`` too."""
        return self._backward(case, t)[0]

    @method("backprop_input", "vjp")
    def input_vjp(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to x with ``func.vjp``."""
        how = call(case)
        return self.torch.func.vjp(lambda x: self.conv(how, x, t.w), t.x)[1](t.dy)[0]

    @method("backprop_input", "nn_grad")
    def input_nn_grad(self, case: Case, t: Tensors) -> Any:
        """Call ``torch.nn.grad.conv*d_input``."""
        how = call(case)
        size = self.shifted(how, t.x).shape
        op = getattr(self.nn_grad, f"conv{case.dims}d_input")
        dx = op(size, t.w, t.dy, how.stride, how.padding, how.dilation, how.groups)
        return self.unshifted(how, dx)

    @method("backprop_input", "aten")
    def input_aten(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for this gradient alone."""
        return self.unshifted(call(case), self._aten(case, t, [True, False, False])[0])

    @method("backprop_input", "via_conv")
    @method("transpose", "via_conv")
    def input_via_conv(self, case: Case, t: Tensors) -> Any:
        """Convolve d_y, zeros inserted, with the flipped filter of swapped channels."""
        recipe = by_hand.backprop_input(case)
        per_group = t.w.unflatten(0, (case.groups, -1))
        swapped = per_group.transpose(1, 2).flatten(0, 1)
        space = tuple(range(2, case.dims + 2))
        return self._by_hand(case, recipe, t.dy, swapped.flip(space))

    @method("backprop_input", "fold")
    def input_fold(self, case: Case, t: Tensors) -> Any:
        """Add up the windows ``w.T @ d_y`` with ``F.fold`` (1-D by a unit axis)."""
        how = call(case)
        rows = t.dy.reshape(case.batch, case.groups, case.out_channels // case.groups, -1)
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

    # backprop filter

    @method("backprop_filter", "autodiff")
    def filter_autodiff(self, case: Case, t: Tensors) -> Any:
        """Pull d_y back to w with ``autograd.grad``."""
        how = call(case)
        return self.pull(lambda w: self.conv(how, t.x, w), t.w, t.dy)

    @method("backprop_filter", "backward")
    def filter_backward(self, case: Case, t: Tensors) -> Any:
        """Return ``w.grad`` after ``y.backward(d_y)``, which computes ``x.grad`` too."""
        return self._backward(case, t)[1]

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
        x, size = self.shifted(how, t.x), t.w.shape
        return op(x, size, t.dy, how.stride, how.padding, how.dilation, how.groups)

    @method("backprop_filter", "aten")
    def filter_aten(self, case: Case, t: Tensors) -> Any:
        """Call ``aten.convolution_backward`` for this gradient alone."""
        return self._aten(case, t, [False, True, False])[1]

    @method("backprop_filter", "autodiff_of_transpose")
    def filter_autodiff_of_transpose(self, case: Case, t: Tensors) -> Any:
        """Pull x back through ``F.conv_transpose*d`` to its filter."""
        return self.pull(lambda w: self.transposed(case, t.dy, w), t.w, t.x)

    @method("backprop_filter", "via_conv")
    def filter_via_conv(self, case: Case, t: Tensors) -> Any:
        """Convolve x with d_y as its filter, batch and channels exchanged."""
        recipe = by_hand.backprop_filter(case)
        per_group = t.x.unflatten(1, (case.groups, -1))
        exchanged = per_group.movedim(0, 2).transpose(0, 1).flatten(1, 2)
        return self._by_hand(case, recipe, exchanged, t.dy.transpose(0, 1)).transpose(0, 1)

    @method("backprop_filter", "unfold")
    def filter_unfold(self, case: Case, t: Tensors) -> Any:
        """Multiply d_y with the windows that ``F.unfold`` lays out (1-D by a unit axis)."""
        columns = self.windows(case, t.x)
        rows = t.dy.reshape(case.batch, case.groups, case.out_channels // case.groups, -1)
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

    def _backward(self, case: Case, t: Tensors) -> tuple[Any, Any]:
        x, w = t.x.detach().requires_grad_(), t.w.detach().requires_grad_()
        self.conv(call(case), x, w).backward(t.dy)
        return x.grad, w.grad

    def _aten(self, case: Case, t: Tensors, mask: list[bool]) -> Any:
        how, none = call(case), (0,) * case.dims
        x = self.shifted(how, t.x)
        sizes = (how.stride, how.padding, how.dilation, False, none, how.groups)
        return self.torch.ops.aten.convolution_backward(t.dy, x, t.w, None, *sizes, mask)

    def _by_hand(self, case: Case, recipe: by_hand.Recipe, image: Any, w: Any) -> Any:
        """Return the VALID convolution of the image, spread and padded as the recipe says."""
        sides = [zeros for pair in reversed(recipe.pads) for zeros in pair]
        wide = self.F.pad(self._spread(case, image, recipe.insert), [max(n, 0) for n in sides])
        # Zeros first: a crop may reach past the image into the zeros of its other side.
        fitted = self.F.pad(wide, [min(n, 0) for n in sides])
        none = ((0, 0),) * case.dims
        how = call(case, pads=none, stride=recipe.stride, dilation=recipe.dilation)
        return self.conv(how, fitted, w)

    def _spread(self, case: Case, image: Any, apart: tuple[int, ...]) -> Any:
        """Return the image with zeros between its places, in the layout of the case."""
        if max(apart) == 1:
            return image
        batch, channels, *space = image.shape
        sizes = [(size - 1) * step + 1 for size, step in zip(space, apart)]
        if case.layout == "channels_last":
            wide = image.new_zeros((batch, *sizes, channels)).movedim(-1, 1)
        else:
            wide = image.new_zeros((batch, channels, *sizes))
        wide[(..., *(slice(None, None, step) for step in apart))] = image
        return wide
