"""tensorflow backprop_filter/via_conv: differs, shape (7, 8, 0, 2), expected (3, 2, 0, 4)

``tf.nn.conv*d`` of ``x`` with ``d_y`` as its filter, batch and channels exchanged. 2-D: 2
images of 5x6 with 0 channels, 4 filters of 3x2, padding 1 on every side, output 5x7; float32,
channels last, exact small integers.

Known: oneDNN gives an empty output the shape of the image; without filters it refuses
(https://github.com/tensorflow/tensorflow/issues/112371)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/via_conv conv2d:n2_i5x6_c0_k3x2_o4_p1
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
    entropy = [0, role, 3916965456]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


DY = drawn(2, (2, 5, 7, 4))
assert zlib.crc32(DY.tobytes()) == 1006082902, "NumPy draws other numbers"
x = tf.constant(np.array([], np.float32).reshape(2, 5, 6, 0))
dy = tf.constant(np.ascontiguousarray(DY, np.float32))
expected = np.array([], np.float64).reshape(3, 2, 0, 4)

split = tf.reshape(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), [2, 7, 8, 1, 0])
result = tf.nn.conv2d(
    tf.reshape(tf.transpose(split, [4, 1, 2, 3, 0]), [0, 7, 8, 2]),
    tf.transpose(dy, [1, 2, 0, 3]),
    [1, 1, 1, 1],
    "VALID",
    "NHWC",
    [1, 1, 1, 1],
)
dw = tf.transpose(result, [1, 2, 0, 3])

assert dw.dtype.name == "float32", dw.dtype
actual = dw.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
