"""Calls exactly as they are told, legal or not, by TensorFlow's most public function for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from convergent.backends.contracts import CONV, FILTER, INPUT, Told
from convergent.backends.tensorflow.call import FORMATS, PLANE
from convergent.cases.dtypes import Array


def told(tf: Any, call: Told) -> Any:
    """Make the call; nothing is checked and nothing is repaired."""
    x, w, dy = (_tensor(tf, call, array) for array in (_image(call, call.x), call.w,
                                                        _image(call, call.dy)))  # fmt: skip
    how = _attributes(call)
    dims = call.case.dims
    if call.op == CONV:
        return getattr(tf.nn, f"conv{dims}d")(x, w, **how)
    sizes = _sizes(call)
    if call.op == INPUT:
        return _input(tf, dims, sizes, (w, dy), how)
    if call.op == FILTER:
        return _filter(tf, dims, call.case.w_shape, (x, dy), how)
    return getattr(tf.nn, f"conv{dims}d_transpose")(dy, w, sizes, **how)


def _input(tf: Any, dims: int, sizes: list[int], operands: Any, how: dict[str, Any]) -> Any:
    w, dy = operands
    if dims == PLANE:
        return tf.compat.v1.nn.conv2d_backprop_input(sizes, w, dy, **how)
    if dims > PLANE:
        return tf.raw_ops.Conv3DBackpropInputV2(input_sizes=sizes, filter=w, out_backprop=dy, **how)
    x = tf.zeros(sizes, w.dtype)
    return _gradient(tf, x, lambda: tf.nn.conv1d(x, w, **how), dy)


def _filter(tf: Any, dims: int, shape: tuple[int, ...], operands: Any, how: dict[str, Any]) -> Any:
    x, dy = operands
    if dims == PLANE:
        return tf.compat.v1.nn.conv2d_backprop_filter(x, shape, dy, **how)
    if dims > PLANE:
        return tf.compat.v1.nn.conv3d_backprop_filter(x, shape, dy, **how)
    w = tf.zeros(shape, x.dtype)
    return _gradient(tf, w, lambda: tf.nn.conv1d(x, w, **how), dy)


def _gradient(tf: Any, at: Any, function: Any, dy: Any) -> Any:
    """Return a gradient by a tape: in one dimension there is no function for it."""
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function()
    return tape.gradient(value, at, output_gradients=dy)


def _attributes(call: Told) -> dict[str, Any]:
    """Return strides, dilations, padding and data format as keyword arguments."""
    last = call.case.layout == "channels_last"
    # One pair would do in space alone, but then a list of another length could not be told.
    strides, dilations = (
        [1, *steps, 1] if last else [1, 1, *steps] for steps in (call.stride, call.dilation)
    )
    pads: Any = "VALID"
    if any(map(any, call.pads)):
        space = [list(pair) for pair in call.pads]
        pads = [[0, 0], *space, [0, 0]] if last else [[0, 0], [0, 0], *space]
    return {
        "strides" if call.case.dims > 1 else _stride_name(call): strides,
        "padding": pads,
        "data_format": FORMATS[call.case.layout][call.case.dims],
        "dilations": dilations,
    }


def _stride_name(call: Told) -> str:
    """Return how ``tf.nn.conv1d`` and ``conv1d_transpose`` call the strides."""
    return "strides" if call.op == "transpose" else "stride"


def _sizes(call: Told) -> list[int]:
    case = call.case
    if case.layout == "channels_last":
        return [case.batch, *call.size, case.in_channels]
    return [case.batch, case.in_channels, *call.size]


def _image(call: Told, array: Array) -> Array:
    """Return an image of any rank in the case's layout: its last axis holds the channels."""
    if call.case.layout == "channels_last":
        return array
    return np.moveaxis(array, -1, array.ndim - call.case.dims - 1)


def _tensor(tf: Any, call: Told, array: Array) -> Any:
    if call.case.dtype == "bfloat16" and array.dtype == np.uint16:
        array = array.view(tf.bfloat16.as_numpy_dtype)
    return tf.constant(array)
