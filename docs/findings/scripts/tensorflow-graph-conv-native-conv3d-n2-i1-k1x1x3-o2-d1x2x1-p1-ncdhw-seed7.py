"""tensorflow:graph conv/native: raised, ValueError: ... s, how.padding, how.data_format,
how.dilations) ValueError: Negative dimension size caused by subtracting 5 from 3 for '{{node
Conv3D}} = Conv3D[T=DT_FLOAT, data_format="NCDHW", dilations=[1, 1, 1, 2, 1], padding="VALID",
strides=[1, 1, 1, 1, 1]](Pad, w)' with input shapes: [2,1,3,3,3], [1,1,3,1,2].

``tf.nn.conv1d``, ``conv2d``, ``conv3d``. 3-D: 2 images of 1x1x1 with 1 channel, 2 filters of
1x1x3, dilation 1x2x1 (the kernel covers 1x1x3), padding 1 on every side, output 3x3x1; float32,
channels first, exact small integers, seed 7.

Known: shape inference of Conv3D in a graph swaps the dilations of rows and columns (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:graph conv/native
conv3d:n2_i1_k1x1x3_o2_d1x2x1_p1_ncdhw_seed7
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([27, 17], np.float32).reshape(2, 1, 1, 1, 1))
w = tf.constant(np.array([-28, -6, 18, -27, -4, -13], np.float32).reshape(1, 1, 3, 1, 2))
dy = np.array([
    -32, -23, 28, 13, 15, -14, -13, -29, 1, 17, 14, -4, 29, 6, 28, -20, 17, 15,
    -26, -13, -19, -15, 30, 8, 25, -30, -30, 9, -8, 28, 9, -26, -12, 10, -28, -28,
], np.float32).reshape(2, 2, 3, 3, 1)
dy = tf.constant(dy)
expected = np.array([
    0, 0, 0, 0, 486, 0, 0, 0, 0, 0, 0, 0, 0, -729, 0, 0, 0, 0,
    0, 0, 0, 0, 306, 0, 0, 0, 0, 0, 0, 0, 0, -459, 0, 0, 0, 0,
], np.float64).reshape(2, 2, 3, 3, 1)


def of_operands(x, w, dy):
    return tf.nn.conv3d(
        tf.pad(x, [[0, 0], [0, 0], [1, 1], [1, 1], [1, 1]]),
        w,
        [1, 1, 1, 1, 1],
        "VALID",
        "NCDHW",
        [1, 1, 1, 2, 1],
    )


y = tf.function(of_operands, jit_compile=None)(x, w, dy)

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
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
