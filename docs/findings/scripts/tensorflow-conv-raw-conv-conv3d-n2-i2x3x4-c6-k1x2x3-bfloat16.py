"""tensorflow conv/raw_conv: 12 of 16 elements are wrong, such as -584 where -568 is due
(scattered, accumulates in bfloat16)

``raw_ops.Conv``, the op for any number of dimensions (1-D by a unit axis). 3-D: 2 images of
2x3x4 with 6 channels, 1 filter of 1x2x3, no padding, output 2x2x2; bfloat16, channels last,
exact small integers.

Known: the kernel of raw_ops.Conv in 3-D adds bfloat16 products in bfloat16
(https://gitlab.com/libeigen/eigen/-3158)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/raw_conv conv3d:n2_i2x3x4_c6_k1x2x3_bfloat16
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
    entropy = [0, role, 2726210837]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 2, 3, 4, 6))
assert zlib.crc32(X.tobytes()) == 3648005576, "NumPy draws other numbers"
x = tf.constant(np.ascontiguousarray(X, np.float32).astype(tf.bfloat16.as_numpy_dtype))
w = np.array([
    -4, -19, -20, -24, -7, 17, -22, -3, -16, -13, -7, 2, -16, 4, -6, 31, -2, 25,
    9, -1, -30, -7, 17, 28, 15, 7, -11, -8, -7, -1, 14, 11, 30, -7, 2, -8,
], np.float32).reshape(1, 2, 3, 6, 1)
w = tf.constant(w.astype(tf.bfloat16.as_numpy_dtype))
expected = np.array([
    -1232, -1888, -1408, -892, -340, 416, 2896, 2832,
    1048, -568, 1056, -2176, 2304, -1120, -1544, 1744,
], np.float64).reshape(2, 2, 2, 2, 1)

y = tf.raw_ops.Conv(
    input=x,
    filter=w,
    strides=[1, 1, 1, 1, 1],
    data_format="CHANNELS_LAST",
    dilations=[1, 1, 1, 1, 1],
    groups=1,
    padding="VALID",
)

assert y.dtype.name == "bfloat16", y.dtype
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
