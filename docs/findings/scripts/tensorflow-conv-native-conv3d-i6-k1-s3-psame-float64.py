"""tensorflow conv/native: 8 of 8 elements are wrong, such as 275 where -250 is due (everywhere)

Diagnosis: SAME padding below zero.

``tf.nn.conv1d``, ``conv2d``, ``conv3d``. 3-D: 1 image of 6x6x6 with 1 channel, 1 filter of
1x1x1, stride 3, no padding, output 2x2x2, 2x2x2 trailing places unused; float64, channels last,
exact small integers.

Known: Eigen's Conv3D takes SAME with stride beyond the kernel for negative padding
(https://github.com/tensorflow/tensorflow/issues/11092)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/native conv3d:i6_k1_s3_pSAME_float64
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
    entropy = [0, role, 3639977816]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (1, 6, 6, 6, 1))
assert zlib.crc32(X.tobytes()) == 1444346143, "NumPy draws other numbers"
x = tf.constant(X)
w = tf.constant(np.array([-25], np.float64).reshape(1, 1, 1, 1, 1))
expected = np.array([-250, -550, -450, -650, -225, 425, 550, 250], np.float64).reshape(1, 2, 2, 2, 1)

y = tf.nn.conv3d(x, w, [1, 3, 3, 3, 1], "SAME", "NDHWC", [1, 1, 1, 1, 1])

assert y.dtype.name == "float64", y.dtype
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
