"""Keras' layers, their kernel set to the filter of the case."""

from __future__ import annotations

from typing import Any

from convergent.backends.base import Tensors, method
from convergent.backends.tensorflow.call import Call, call
from convergent.backends.tensorflow.transpose import Transpose, output_padding
from convergent.cases.case import Case


class Layers(Transpose):
    """Methods by ``tf.keras.layers``; what their padding cannot say is done before or after."""

    _kept: tuple[Any, Any] = (None, None)

    @method("conv", "layer")
    def conv_layer(self, case: Case, t: Tensors) -> Any:
        """``tf.keras.layers.Conv1D``, ``Conv2D``, ``Conv3D``."""
        how = call(case)
        return self._conv(how, t.w)(self.image_in(how, t.x))

    @method("conv", "layer_zero_bias")
    def conv_layer_zero_bias(self, case: Case, t: Tensors) -> Any:
        """Compute the same, with a bias of zeros."""
        how = call(case)
        return self._conv(how, t.w, bias=True)(self.image_in(how, t.x))

    @method("backprop_input", "layer")
    def input_layer(self, case: Case, t: Tensors) -> Any:
        """Gradient of a ``tf.keras.layers.Conv*D`` with respect to its image."""
        how = call(case)
        layer = self._conv(how, t.w)
        return self.gradient(lambda x: layer(self.image_in(how, x)), t.x, t.dy)

    @method("backprop_filter", "layer")
    def filter_layer(self, case: Case, t: Tensors) -> Any:
        """Gradient of a ``tf.keras.layers.Conv*D`` with respect to its kernel."""
        how = call(case)
        layer = self._conv(how, t.w)
        with self.tf.GradientTape() as tape:
            value = layer(self.image_in(how, t.x))
        return tape.gradient(value, layer.kernel.value, output_gradients=t.dy)

    @method("backprop_bias", "layer")
    def bias_layer(self, case: Case, t: Tensors) -> Any:
        """Gradient of a ``tf.keras.layers.Conv*D`` with respect to its bias."""
        how = call(case)
        layer = self._conv(how, t.w, bias=True)
        with self.tf.GradientTape() as tape:
            value = layer(self.image_in(how, t.x))
        return tape.gradient(value, layer.bias.value, output_gradients=t.dy)

    @method("conv", "layer_depthwise")
    def conv_layer_depthwise(self, case: Case, t: Tensors) -> Any:
        """``tf.keras.layers.DepthwiseConv1D``, ``DepthwiseConv2D``."""
        how = call(case)
        layer = self._built(
            f"DepthwiseConv{case.dims}D",
            how,
            depth_multiplier=case.out_channels // case.in_channels,
        )
        layer.kernel.assign(self.per_channel(case, t.w))
        return layer(self.image_in(how, t.x))

    @method("conv", "layer_separable")
    def conv_layer_separable(self, case: Case, t: Tensors) -> Any:
        """``tf.keras.layers.SeparableConv1D``, ``2D``: depthwise, and a pointwise identity."""
        how = call(case)
        layer = self._built(
            f"SeparableConv{case.dims}D",
            how,
            filters=case.out_channels,
            depth_multiplier=case.out_channels // case.in_channels,
        )
        layer.depthwise_kernel.assign(self.per_channel(case, t.w))
        layer.pointwise_kernel.assign(self.identity(case, case.dims))
        return layer(self.image_in(how, t.x))

    @method("transpose", "layer")
    def transpose_layer(self, case: Case, t: Tensors) -> Any:
        """``tf.keras.layers.Conv1DTranspose`` and its kin, with output padding."""
        how = call(case)
        if any(extra >= step for extra, step in zip(output_padding(case, how), case.stride)):
            how = call(case.replace(padding=case.pads))  # more than the layer takes: crop instead
        layer = self._built(
            f"Conv{case.dims}DTranspose",
            how,
            channels=case.out_channels,
            filters=case.in_channels,
            output_padding=output_padding(case, how),
        )
        layer.kernel.assign(t.w)
        return self.image_out(how, layer(t.dy))

    def _conv(self, how: Call, w: Any, *, bias: bool = False) -> Any:
        case = how.case
        self.keras_compiles(case)
        layer = self._built(
            f"Conv{case.dims}D",
            how,
            filters=case.out_channels,
            groups=case.groups,
            use_bias=bias,
        )
        layer.kernel.assign(w)
        return layer

    def _built(self, name: str, how: Call, channels: int | None = None, **more: Any) -> Any:
        """Return the layer ``name`` told as ``how`` says, with its variables made.

        The last one is kept: a traced function may make variables in its first trace alone.
        """
        case = how.case
        told = {
            "kernel_size": case.kernel,
            "strides": case.stride,
            "padding": how.word.lower(),
            "data_format": case.layout,
            "dilation_rate": case.dilation,
            "dtype": case.dtype,
            "use_bias": False,
            **more,
        }
        channels = case.in_channels if channels is None else channels
        key = (name, channels, *told.values())
        if self._kept[0] != key:
            layer = getattr(self.tf.keras.layers, name)(**told)
            space = [None] * case.dims
            last = case.layout == "channels_last"
            layer.build((None, *space, channels) if last else (None, channels, *space))
            self._kept = (key, layer)
        return self._kept[1]
