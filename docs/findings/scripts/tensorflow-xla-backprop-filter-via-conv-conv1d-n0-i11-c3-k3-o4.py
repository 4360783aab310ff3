"""tensorflow:xla backprop_filter/via_conv: raised, ValueError: ... ions) ValueError: Depth of
filter must not be 0 for '{{node conv1d}} = Conv2D[T=DT_FLOAT, data_format="NHWC", dilations=[1,
1, 1, 1], explicit_paddings=[], padding="VALID", strides=[1, 1, 1, 1],
use_cudnn_on_gpu=true](conv1d/ExpandDims, conv1d/ExpandDims_1)' with input shapes: [3,1,11,0],
[1,9,0,4].

``tf.nn.conv*d`` of ``x`` with ``d_y`` as its filter, batch and channels exchanged. 1-D: 0
images of 11 with 3 channels, 4 filters of 3, no padding, output 9; float32, channels last,
exact small integers.

Known: what is traced for XLA refuses a batch of none: as channels of a filter, and to divide by
it (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla backprop_filter/via_conv conv1d:n0_i11_c3_k3_o4
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([], np.float32).reshape(0, 11, 3))
w = np.array([
    -17, 20, -5, 29, -15, 20, -16, -27, 13, -24, -28, 26,
    4, -24, 10, -28, 15, 2, 11, -6, 2, -6, 8, -6,
    -10, -4, 6, 23, 8, -31, -13, -16, -4, 31, -6, 30,
], np.float32).reshape(3, 3, 4)
w = tf.constant(w)
dy = tf.constant(np.array([], np.float32).reshape(0, 9, 4))
expected = np.array([
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], np.float64).reshape(3, 3, 4)


def of_operands(x, w, dy):
    image = tf.reshape(tf.transpose(tf.reshape(x, [0, 11, 1, 3]), [3, 1, 2, 0]), [3, 11, 0])
    result = tf.nn.conv1d(image, tf.transpose(dy, [1, 0, 2]), [1, 1, 1], "VALID", "NWC", [1, 1, 1])
    return tf.transpose(result, [1, 0, 2])


dw = tf.function(of_operands, jit_compile=True)(x, w, dy)

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
