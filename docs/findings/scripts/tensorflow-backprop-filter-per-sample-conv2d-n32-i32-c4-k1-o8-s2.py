"""tensorflow backprop_filter/per_sample: crashed, the worker was ended by SIGABRT: Fatal Python
error: Aborted < File "execute.py", line 53 in

``tf.vectorized_map`` of the filter's gradient over the samples, summed. 2-D: 32 images of 32x32
with 4 channels, 8 filters of 1x1, stride 2, no padding, output 16x16, 1x1 trailing places
unused; float32, channels last, exact small integers.

The process ends.

Known: oneDNN writes past a work space where a 1x1 kernel has a stride: 'double free or
corruption' (https://github.com/uxlfoundation/oneDNN/issues/6035)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/per_sample conv2d:n32_i32_c4_k1_o8_s2
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
    entropy = [0, role, 2215168582]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (32, 32, 32, 4))
assert zlib.crc32(X.tobytes()) == 3626152182, "NumPy draws other numbers"
DY = drawn(2, (32, 16, 16, 8))
assert zlib.crc32(DY.tobytes()) == 296723558, "NumPy draws other numbers"
x = tf.constant(np.ascontiguousarray(X, np.float32))
w = np.array([
    -20, -23, -13, 23, 14, 7, 30, -8,
    7, 26, -24, -5, -14, 4, 2, 32,
    31, 4, 26, 14, -10, -10, -14, -16,
    4, -31, -23, 30, -17, 10, 22, 15,
], np.float32).reshape(1, 1, 4, 8)
w = tf.constant(w)
dy = tf.constant(np.ascontiguousarray(DY, np.float32))
expected = np.array([
    -24290, 8813, -30525, -50757, 8303, -11606, -23194, -4894,
    14695, 62828, 69589, 42418, -87451, 18392, 13053, -16983,
    -22353, 43543, 813, -70072, -21744, 16188, -15227, 7257,
    -15390, -21255, -5438, -5881, 15181, 39407, 47778, -16470,
], np.float64).reshape(1, 1, 4, 8)


def gradient(pair):
    x2 = pair[0]
    cotangent = pair[1][None]
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = tf.nn.conv2d(x2[None], w, [1, 2, 2, 1], "VALID", "NHWC", [1, 1, 1, 1])
    return tape.gradient(value, w, output_gradients=cotangent)


dw = tf.reduce_sum(tf.vectorized_map(gradient, (x, dy)), 0)

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
