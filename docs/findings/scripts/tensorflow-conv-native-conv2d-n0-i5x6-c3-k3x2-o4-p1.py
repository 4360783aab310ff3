"""tensorflow conv/native: differs, shape (0, 5, 6, 3), expected (0, 5, 7, 4)

Diagnosis: shape of the image.

``tf.nn.conv1d``, ``conv2d``, ``conv3d``. 2-D: 0 images of 5x6 with 3 channels, 4 filters of
3x2, padding 1 on every side, output 5x7; float32, channels last, exact small integers.

Known: oneDNN gives an empty output the shape of the image; what follows trips over it
(https://github.com/tensorflow/tensorflow/issues/112371)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/native conv2d:n0_i5x6_c3_k3x2_o4_p1
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
    entropy = [0, role, 1411940908]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


W = drawn(1, (3, 2, 3, 4))
assert zlib.crc32(W.tobytes()) == 467068575, "NumPy draws other numbers"
x = tf.constant(np.array([], np.float32).reshape(0, 5, 6, 3))
w = tf.constant(np.ascontiguousarray(W, np.float32))
expected = np.array([], np.float64).reshape(0, 5, 7, 4)

y = tf.nn.conv2d(x, w, [1, 1, 1, 1], [[0, 0], [1, 1], [1, 1], [0, 0]], "NHWC", [1, 1, 1, 1])

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
