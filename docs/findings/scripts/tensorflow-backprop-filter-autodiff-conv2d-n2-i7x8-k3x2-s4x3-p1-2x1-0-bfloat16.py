"""tensorflow backprop_filter/autodiff: 2 of 6 elements are wrong, such as -6 where -3 is due
(first and last kernel row, accumulates in bfloat16)

Gradient of ``tf.nn.conv*d`` with respect to its filter, by a tape. 2-D: 2 images of 7x8 with 1
channel, 1 filter of 3x2, stride 4x3, padding 1 before and 2 after x 1 before and 0 after,
output 2x3, 3x1 trailing places unused; bfloat16, channels last, exact small integers.

Known: gradients with explicit padding run on Eigen, which adds bfloat16 products in bfloat16
(https://github.com/tensorflow/tensorflow/pull/51868)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/autodiff
conv2d:n2_i7x8_k3x2_s4x3_p1+2x1+0_bfloat16
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
    entropy = [0, role, 3541063634]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 7, 8, 1))
assert zlib.crc32(X.tobytes()) == 3747705467, "NumPy draws other numbers"
x = tf.constant(np.ascontiguousarray(X, np.float32).astype(tf.bfloat16.as_numpy_dtype))
w = np.array([6, -16, 28, -10, 13, 17], np.float32).reshape(3, 2, 1, 1)
w = tf.constant(w.astype(tf.bfloat16.as_numpy_dtype))
dy = np.array([32, 30, 1, -1, 15, -10, 23, -2, 23, -30, -20, -8], np.float32).reshape(2, 2, 3, 1)
dy = tf.constant(dy.astype(tf.bfloat16.as_numpy_dtype))
expected = np.array([-992, 137, 138, -2032, -3, -660], np.float64).reshape(3, 2, 1, 1)

with tf.GradientTape() as tape:
    tape.watch(w)
    value = tf.nn.conv2d(x, w, [1, 4, 3, 1], [[0, 0], [1, 2], [1, 0], [0, 0]], "NHWC", [1, 1, 1, 1])
dw = tape.gradient(value, w, output_gradients=dy)

assert dw.dtype.name == "bfloat16", dw.dtype
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
