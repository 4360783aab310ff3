"""tensorflow:graph backprop_filter/via_conv: raised, ValueError: ... how.data_format,
how.dilations) ValueError: Negative dimension size caused by subtracting 5 from 4 for '{{node
Conv3D}} = Conv3D[T=DT_FLOAT, data_format="NDHWC", dilations=[1, 1, 2, 1, 1], padding="VALID",
strides=[1, 1, 1, 1, 1]](Reshape_1, transpose_1)' with input shapes: [1,4,4,4,1], [3,2,3,1,1].

``tf.nn.conv*d`` of ``x`` with ``d_y`` as its filter, batch and channels exchanged. 3-D: 1 image
of 4x4x4 with 1 channel, 1 filter of 2x2x2, stride 1x2x1, no padding, output 3x2x3; float32,
channels last, exact small integers.

Known: shape inference of Conv3D in a graph swaps the dilations of rows and columns (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:graph backprop_filter/via_conv conv3d:i4_k2_s1x2x1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([
    -8, 5, 2, -11, 27, -12, -10, 25, -6, 12, 14, 1, 1, 16, 32, 20,
    -14, -17, 12, -9, 30, -13, 22, -9, 10, 25, 19, 23, -9, 18, -16, -8,
    -24, -16, 19, 32, 9, 9, 17, -10, 29, -20, 32, 27, 16, 8, -10, 27,
    14, -6, 2, 19, 16, 8, 17, 8, 28, -7, 31, 12, -20, -21, -17, -4,
], np.float32).reshape(1, 4, 4, 4, 1)
x = tf.constant(x)
w = np.array([32, -18, 2, 31, -19, 12, 21, 30], np.float32).reshape(2, 2, 2, 1, 1)
w = tf.constant(w)
dy = np.array([
    22, 8, -5, -2, -5, 26, -3, -17, 15, 26, -6, -23, 7, 2, 29, 23, -11, 18,
], np.float32).reshape(1, 3, 2, 3, 1)
dy = tf.constant(dy)
expected = np.array([2168, 360, 2459, 724, 2035, -681, 717, -1094], np.float64).reshape(2, 2, 2, 1, 1)


def of_operands(x, w, dy):
    swapped = tf.transpose(tf.reshape(x, [1, 4, 4, 4, 1, 1]), [5, 1, 2, 3, 4, 0])
    result = tf.nn.conv3d(
        tf.reshape(swapped, [1, 4, 4, 4, 1]),
        tf.transpose(dy, [1, 2, 3, 0, 4]),
        [1, 1, 1, 1, 1],
        "VALID",
        "NDHWC",
        [1, 1, 2, 1, 1],
    )
    return tf.transpose(result, [1, 2, 3, 0, 4])


dw = tf.function(of_operands, jit_compile=None)(x, w, dy)

assert dw.dtype.name == "float32", dw.dtype
actual = dw.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = actual != expected
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
