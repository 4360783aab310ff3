"""tensorflow transpose/native: raised, InvalidArgumentError: {{function_node
__wrapped__Conv2DBackpropInput_device_/job:localhost/replica:0/task:0/device:CPU:0}}
Conv2DCustomBackpropInput: filter depth must be strictly greated than zero
[Op:Conv2DBackpropInput]

``tf.nn.conv1d_transpose``, ``conv2d_transpose``, ``conv3d_transpose``. 2-D: 2 images of 5x6
with 0 channels, 4 filters of 3x2, padding 1 on every side, output 5x7; float32, channels last,
exact small integers.

Known: gradient ops refuse an image of no channels, and not an output of none (not reported
before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow transpose/native conv2d:n2_i5x6_c0_k3x2_o4_p1
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
w = tf.constant(np.array([], np.float32).reshape(3, 2, 0, 4))
dy = tf.constant(np.ascontiguousarray(DY, np.float32))
expected = np.array([], np.float64).reshape(2, 5, 6, 0)

dx = tf.nn.conv2d_transpose(
    dy, w, [2, 5, 6, 0], [1, 1, 1, 1], [[0, 0], [1, 1], [1, 1], [0, 0]], "NHWC", [1, 1, 1, 1]
)

assert dx.dtype.name == "float32", dx.dtype
actual = dx.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
