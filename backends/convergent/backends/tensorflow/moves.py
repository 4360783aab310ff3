"""Tensor moves that the methods of the TensorFlow adapter share: axes, padding, zeros, tapes."""

from __future__ import annotations

from typing import Any, Callable

from convergent.backends.tensorflow.call import PLANE, Call
from convergent.cases.case import Case, Padding, Pads


class Moves:
    """Moves of tensors between a case and an op; ``tf`` is the framework."""

    tf: Any
    compiles = False  # whether XLA computes the method at hand

    def keras_compiles(self, case: Case) -> None:
        """Note that Keras turns to XLA for what it deems broken on CPU, whatever the mode."""
        broken = case.groups > 1 or (case.layout == "channels_first" and case.dims > PLANE)
        self.compiles = self.compiles or broken

    def image_in(self, call: Call, x: Any) -> Any:
        """Return the image as the op of ``call`` wants it; ``image_out`` is its adjoint."""
        lifted = self.tf.expand_dims(x, _first(call.case)) if call.unit else x
        return self.shifted(lifted, call.shift, call.case.layout)

    def image_out(self, call: Call, x: Any) -> Any:
        """Return the case's image (or its gradient) from what the op of ``call`` gave."""
        back = tuple((-lo, -hi) for lo, hi in call.shift)
        moved = self.shifted(x, back, call.case.layout)
        return self.tf.squeeze(moved, [_first(call.case)]) if call.unit else moved

    def output_in(self, call: Call, y: Any) -> Any:
        """Return the output as the op of ``call`` wants it."""
        return self.tf.expand_dims(y, _first(call.case)) if call.unit else y

    def output_out(self, call: Call, y: Any) -> Any:
        """Return the case's output from what the op of ``call`` gave."""
        return self.tf.squeeze(y, [_first(call.case)]) if call.unit else y

    def filter_in(self, call: Call, w: Any) -> Any:
        """Return the filter as the op of ``call`` wants it."""
        return self.tf.expand_dims(w, 0) if call.unit else w

    def filter_out(self, call: Call, w: Any) -> Any:
        """Return the case's filter (or its gradient) from what the op of ``call`` gave."""
        return self.tf.squeeze(w, [0]) if call.unit else w

    def per_channel(self, case: Case, w: Any) -> Any:
        """Return a filter with its output channels split into group and multiplier."""
        multiplier = case.out_channels // case.in_channels
        return self.tf.reshape(w, [*w.shape[:-2], case.in_channels, multiplier])

    def identity(self, case: Case, dims: int) -> Any:
        """Return a pointwise filter of ``dims`` dimensions that changes nothing."""
        eye = self.tf.eye(case.out_channels, dtype=case.dtype)
        return self.tf.reshape(eye, [1] * dims + [case.out_channels] * 2)

    def shifted(self, x: Any, pads: Pads, layout: str) -> Any:
        """Return the image with zeros around it; negative numbers crop (after the zeros came)."""
        if not any(map(any, pads)):
            return x
        none = ((0, 0),)
        axes = none + pads + none if layout == "channels_last" else none * 2 + pads
        padded = self.tf.pad(x, [[max(lo, 0), max(hi, 0)] for lo, hi in axes])
        if min(map(min, axes)) >= 0:
            return padded
        return padded[tuple(slice(max(-lo, 0), -max(-hi, 0) or None) for lo, hi in axes)]

    def last(self, image: Any, case: Case) -> Any:
        """Return an image of the case's layout with its channels last."""
        if case.layout == "channels_last":
            return image
        return self.tf.transpose(image, [0, *range(2, case.dims + 2), 1])

    def native(self, image: Any, case: Case) -> Any:
        """Return an image with channels last in the case's layout."""
        if case.layout == "channels_last":
            return image
        return self.tf.transpose(image, [0, case.dims + 1, *range(1, case.dims + 1)])

    def by_rule(self, case: Case) -> Padding:
        """Return the padding of ``case`` as it holds for its dilated kernel too."""
        return case.padding if case.padding in ("VALID", "SAME") else case.pads

    def stuffed(self, image: Any, steps: tuple[int, ...], first: int = 1) -> Any:
        """Return a tensor whose places are ``steps`` apart from axis ``first`` on, zeros between.

        That is space in an image with channels last, and from axis 0 on in a filter.
        """
        for axis, step in enumerate(steps, start=first):
            if step == 1:
                continue
            shape = list(image.shape)
            pads = [[0, 0] for _ in range(len(shape) + 1)]
            pads[axis + 1][1] = step - 1
            apart = self.tf.pad(self.tf.expand_dims(image, axis + 1), pads)
            long = shape[axis] * step
            joined = self.tf.reshape(apart, [*shape[:axis], long, *shape[axis + 1 :]])
            image = joined[(slice(None),) * axis + (slice(0, long - step + 1),)]
        return image

    def gradient(self, function: Callable[[Any], Any], at: Any, cotangent: Any) -> Any:
        """Return the gradient of ``function`` at ``at``, contracted with ``cotangent``."""
        with self.tf.GradientTape() as tape:
            tape.watch(at)
            value = function(at)
        return tape.gradient(value, at, output_gradients=cotangent)

    def jvp(self, function: Callable[[Any], Any], tangent: Any) -> Any:
        """Return the derivative of a linear ``function`` along ``tangent``, in forward mode."""
        at = self.tf.ones_like(tangent)
        with self.tf.autodiff.ForwardAccumulator(at, tangent) as accumulator:
            value = function(at)
        return accumulator.jvp(value)

    def jacobian(self, function: Callable[[Any], Any], at: Any, *, pfor: bool) -> Any:
        """Return the Jacobian of ``function`` at ``at``: axes of value, then of ``at``."""
        with self.tf.GradientTape(persistent=not pfor) as tape:
            tape.watch(at)
            value = function(at)
        return tape.jacobian(value, at, experimental_use_pfor=pfor)


def _first(case: Case) -> int:
    return 1 if case.layout == "channels_last" else 2
