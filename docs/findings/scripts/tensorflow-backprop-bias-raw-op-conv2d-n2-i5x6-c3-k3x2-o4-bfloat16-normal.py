"""tensorflow backprop_bias/raw_op: 3 of 4 elements are wrong, such as 0.59375 where 0.581085205 is
due (output channel > 0, accumulates in bfloat16)

``raw_ops.BiasAddGrad``. 2-D: 2 images of 5x6 with 3 channels, 4 filters of 3x2, no padding,
output 3x5; bfloat16, channels last, normal data.

Known: BiasAddGrad adds bfloat16 in bfloat16 (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_bias/raw_op
conv2d:n2_i5x6_c3_k3x2_o4_bfloat16_normal
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
    entropy = [0, role, 2917401010]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = total - 6
    unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)
    values = np.rint(values / unit) * unit
    return values


DY = drawn(2, (2, 3, 5, 4))
assert zlib.crc32(DY.tobytes()) == 2281306346, "NumPy draws other numbers"
dy = tf.constant(np.ascontiguousarray(DY, np.float32).astype(tf.bfloat16.as_numpy_dtype))
expected = np.array([
    7.597682952880859, 0.581085205078125, -5.8724365234375, 0.89794921875,
], np.float64)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
bound = np.array([0.0296931, 0.00228392, 0.0229544, 0.00352098], np.float64)

db = tf.raw_ops.BiasAddGrad(out_backprop=dy, data_format="NHWC")

assert db.dtype.name == "bfloat16", db.dtype
actual = db.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = ~(abs(actual - expected) <= bound)
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
