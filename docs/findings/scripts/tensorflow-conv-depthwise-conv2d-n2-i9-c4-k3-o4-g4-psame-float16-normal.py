"""tensorflow conv/depthwise: 237 of 648 elements are wrong, such as 0.00185394287 where
0.00202536583 is due (scattered, accumulates in float16)

Diagnosis: accumulates in float16.

``tf.nn.depthwise_conv2d``, which dilates by rearranging space into batch. 2-D: 2 images of 9x9
with 4 channels, 4 filters of 3x3, 4 groups, padding SAME (1 on every side), output 9x9;
float16, channels last, normal data.

Known: Eigen's depthwise kernel adds float16 products in float16
(https://gitlab.com/libeigen/eigen/-3158)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/depthwise
conv2d:n2_i9_c4_k3_o4_g4_pSAME_float16_normal
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
    entropy = [0, role, 1655386521]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = (total - 6).astype(np.float16).astype(np.float64)
    return values


X = drawn(0, (2, 9, 9, 4))
assert zlib.crc32(X.tobytes()) == 3210233251, "NumPy draws other numbers"
W = np.array([
    0.498779296875, 0.0625, 0.55126953125, 0.52392578125,
    -0.78173828125, 1.9990234375, 1.091796875, -0.328369140625,
    0.80517578125, 1.5693359375, -0.599609375, -0.392822265625,
    -1.8037109375, 1.861328125, 1.47265625, -0.8564453125,
    0.62939453125, 0.01224517822265625, -0.0721435546875, -0.465087890625,
    -1.0400390625, 0.441650390625, -0.24267578125, 0.818359375,
    0.410888671875, -0.689453125, 0.56591796875, -0.509765625,
    0.40087890625, 0.1715087890625, 1.1513671875, -0.7265625,
    1.306640625, -0.075927734375, 2.7734375, 0.419189453125,
], np.float64).reshape(3, 3, 1, 4)
x = tf.constant(np.ascontiguousarray(X, np.float16))
w = tf.constant(np.ascontiguousarray(W, np.float16))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 3):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(9, 9, 1, 1, 1), (9, 9, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(2, 9, 9, 4, 1), w.reshape(3, 3, 1, 4, 1)
    total = np.zeros((2, 9, 9, 4, 1), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(2, 9, 9, 4)


expected = reference(X, W)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
magnitude = reference(abs(X), abs(W))
terms = reference(np.ones_like(X), np.ones_like(W))
bound = np.minimum(terms, 0.25 * np.sqrt(terms) + 8.0) * 5.960464477539063e-08 * magnitude
bound += 0.00048828125 * abs(expected) + terms * 2.9802322387695312e-08

y = tf.nn.depthwise_conv2d(
    x, tf.reshape(w, [3, 3, 4, 1]), [1, 1, 1, 1], "SAME", data_format="NHWC", dilations=(1, 1)
)

assert y.dtype.name == "float16", y.dtype
actual = y.numpy().astype(np.float64)
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
