"""What the methods of PyTorch's gradients share: one backward pass, or a gradient by hand."""

from __future__ import annotations

from typing import Any

from convergent.backends import by_hand
from convergent.backends.base import Tensors
from convergent.backends.torch.call import call
from convergent.backends.torch.conv import Conv
from convergent.cases.case import Case


class Gradients(Conv):
    """The ways to the gradients of several operands at once."""

    def backward(self, case: Case, t: Tensors) -> tuple[Any, Any]:
        """Return ``x.grad`` and ``w.grad`` after ``y.backward(d_y)``."""
        x, w = t.x.detach().requires_grad_(), t.w.detach().requires_grad_()
        self.conv(call(case), x, w).backward(t.dy)
        return x.grad, w.grad

    def gradients(self, case: Case, t: Tensors, of: str) -> dict[str, Any]:
        """Return the gradients of the operands ``of`` (letters of ``xwb``), asked for at once."""
        leaves = {"x": t.x.detach(), "w": t.w.detach(), "b": self.bias(case, t)}
        asked = [leaves[letter].requires_grad_() for letter in of]
        y = self.conv(call(case), *leaves.values())
        return dict(zip(of, self.torch.autograd.grad(y, asked, t.dy)))

    def aten(self, case: Case, t: Tensors, of: str) -> dict[str, Any]:
        """Return the gradients ``of`` that one ``aten.convolution_backward`` is asked for."""
        how, none = call(case), (0,) * case.dims
        x = self.shifted(how, t.x)
        self.hear(how, x, t.w)
        bias = [case.out_channels] if "b" in of else None
        sizes = (how.stride, how.padding, how.dilation, False, none, how.groups)
        mask = [letter in of for letter in "xwb"]
        found = self.torch.ops.aten.convolution_backward(t.dy, x, t.w, bias, *sizes, mask)
        gradients = dict(zip("xwb", found))
        if "x" in of:
            gradients["x"] = self.unshifted(how, gradients["x"])
        return gradients

    def contracted(self, jacobian: Any, dy: Any) -> Any:
        """Return d_y times a Jacobian whose first axes are those of y."""
        return self.torch.tensordot(dy, jacobian, dims=dy.ndim)

    def follow(self, case: Case, recipe: by_hand.Recipe, image: Any, w: Any) -> Any:
        """Return the VALID convolution of the image, spread and padded as the recipe says."""
        sides = [zeros for pair in reversed(recipe.pads) for zeros in pair]
        wide = self.F.pad(self.spread(case, image, recipe.insert), [max(n, 0) for n in sides])
        # Zeros first: a crop may reach past the image into the zeros of its other side.
        fitted = self.F.pad(wide, [min(n, 0) for n in sides])
        none = ((0, 0),) * case.dims
        how = call(case, pads=none, stride=recipe.stride, dilation=recipe.dilation)
        return self.conv(how, fitted, w)

    def spread(self, case: Case, image: Any, apart: tuple[int, ...]) -> Any:
        """Return the image with zeros between its places, in the layout of the case."""
        if max(apart) == 1:
            return image
        batch, channels, *space = image.shape
        sizes = [max((size - 1) * step + 1, 0) for size, step in zip(space, apart)]
        if case.layout == "channels_last":
            wide = image.new_zeros((batch, *sizes, channels)).movedim(-1, 1)
        else:
            wide = image.new_zeros((batch, channels, *sizes))
        wide[(..., *(slice(None, None, step) for step in apart))] = image
        return wide
