"""tensorflow conv/separable: differs, shape (1, 3, 4, 3), expected (1, 4, 4, 3)

Diagnosis: stride inside the blocks of the dilation.

``tf.nn.separable_conv2d``: a depthwise filter for each tap, then the filter's weights. 2-D: 1
image of 7x8 with 2 channels, 3 filters of 3x3, stride 2, dilation 2 (the kernel covers 5x5),
padding SAME (2 before and 2 after x 1 before and 2 after), output 4x4; float32, channels last,
exact small integers.

Known: separable_conv2d with stride and dilation computes something else, as depthwise_conv2d
does (https://github.com/tensorflow/tensorflow/pull/127827)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/separable conv2d:i7x8_c2_k3_o3_s2_d2_pSAME
"""

import math
import os
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 928552155]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (1, 7, 8, 2))
assert zlib.crc32(X.tobytes()) == 1888094588, "NumPy draws other numbers"
x = tf.constant(np.ascontiguousarray(X, np.float32))
w = np.array([
    1, -14, 21, -3, -6, -12, -3, 2, -27, -22, 12, 1, 7, 13, 1, -5, -2, -29,
    28, -25, -16, 15, 18, -6, 4, 23, 21, 15, -5, 28, -9, 17, 29, -12, 5, -7,
    13, -27, 10, -32, 26, -11, 23, 25, 12, 14, -6, -19, 1, 16, 12, -2, -22, 30,
], np.float32).reshape(3, 3, 2, 3)
w = tf.constant(w)
expected = np.array([
    600, 69, 1538, 1199, 724, 1941, 1285, 1099, -1227, -734, -226, -674,
    -1404, 21, -11, -873, 1582, -57, 697, 115, 2919, 2898, 285, 251,
    -133, -359, -1112, 211, -722, -2036, -2634, 2376, -1411, 137, -730, 1932,
    -523, 344, 268, 707, -1256, 746, 360, 847, -594, -1071, 348, -1128,
], np.float64).reshape(1, 4, 4, 3)

depthwise = tf.tile(tf.reshape(tf.eye(9, dtype="float32"), [3, 3, 1, 9]), [1, 1, 2, 1])
apart = tf.reshape(w, [9, 1, 2, 1, -1]) * tf.reshape(tf.eye(1, dtype="float32"), [1, 1, 1, 1, 1])
pointwise = tf.reshape(tf.transpose(tf.reshape(apart, [9, 2, 3]), [1, 0, 2]), [1, 1, -1, 3])
y = tf.nn.separable_conv2d(
    x, depthwise, pointwise, [1, 2, 2, 1], "SAME", data_format="NHWC", dilations=(2, 2)
)

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
