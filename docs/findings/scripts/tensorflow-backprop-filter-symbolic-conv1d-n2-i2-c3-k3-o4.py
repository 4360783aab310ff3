"""tensorflow backprop_filter/symbolic: raised, ValueError: ... ve dimension size caused by
subtracting 3 from 2 for '{{node conv1d}} = Conv2D[T=DT_FLOAT, data_format="NHWC", dilations=[1,
1, 1, 1], explicit_paddings=[], padding="VALID", strides=[1, 1, 1, 1],
use_cudnn_on_gpu=true](conv1d/ExpandDims, conv1d/ExpandDims_1)' with input shapes: [2,1,2,3],
[1,3,3,4].

``tf.gradients`` of ``tf.nn.conv*d`` with respect to its filter, in a ``tf.function``. 1-D: 2
images of 2 with 3 channels, 4 filters of 3, no padding, output 0; float32, channels last, exact
small integers.

Known: shapes of a graph refuse an output of no place, which eager mode allows
(https://github.com/tensorflow/tensorflow/issues/112371)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/symbolic conv1d:n2_i2_c3_k3_o4
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([-5, -27, 5, 15, 3, -14, -23, -13, 27, -10, 24, 3], np.float32).reshape(2, 2, 3)
x = tf.constant(x)
w = np.array([
    22, 23, -10, -28, -8, 32, 29, -30, -29, 18, -26, 20,
    -9, -1, 26, -6, 15, 3, -13, 8, 21, -9, 20, 31,
    -5, 16, -21, -9, 15, 8, -19, -12, 9, 11, -31, 18,
], np.float32).reshape(3, 3, 4)
w = tf.constant(w)
dy = tf.constant(np.array([], np.float32).reshape(2, 0, 4))
expected = np.array([
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], np.float64).reshape(3, 3, 4)


def gradients(operand, grad):
    return tf.gradients(
        tf.nn.conv1d(x, operand, [1, 1, 1], "VALID", "NWC", [1, 1, 1]), operand, grad_ys=grad
    )[0]


dw = tf.function(gradients)(w, dy)

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
