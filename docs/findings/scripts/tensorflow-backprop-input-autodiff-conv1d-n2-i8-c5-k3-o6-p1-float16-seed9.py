"""tensorflow backprop_input/autodiff: 3 of 80 elements are wrong, such as -1066 where -1065 is due
(scattered, accumulates in float16)

Diagnosis: accumulates in float16.

Gradient of ``tf.nn.conv*d`` with respect to its image, by a tape. 1-D: 2 images of 8 with 5
channels, 6 filters of 3, padding 1 on every side, output 8; float16, channels last, exact small
integers, seed 9.

Known: Eigen's kernels add float16 products in float16 (https://gitlab.com/libeigen/eigen/-3158)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_input/autodiff
conv1d:n2_i8_c5_k3_o6_p1_float16_seed9
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
    entropy = [9, role, 36755410]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 8, 5))
assert zlib.crc32(X.tobytes()) == 704650492, "NumPy draws other numbers"
W = drawn(1, (3, 5, 6))
assert zlib.crc32(W.tobytes()) == 2151281788, "NumPy draws other numbers"
DY = drawn(2, (2, 8, 6))
assert zlib.crc32(DY.tobytes()) == 1108883034, "NumPy draws other numbers"
x = tf.constant(np.ascontiguousarray(X, np.float16))
w = tf.constant(np.ascontiguousarray(W, np.float16))
dy = tf.constant(np.ascontiguousarray(DY, np.float16))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(8, 8, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(dy, w):
    dy, w = dy.reshape(2, 8, 1, 6), w.reshape(3, 5, 1, 6)
    total = np.zeros((2, 8, 1, 5), dy.dtype)
    for tap, reads, adds in taps():
        total[reads] += np.einsum("...go,cgo->...gc", dy[adds], w[tap])
    return total.reshape(2, 8, 5)


expected = reference(DY, W)
expected = (expected).astype(np.float16).astype(np.float64)

with tf.GradientTape() as tape:
    tape.watch(x)
    value = tf.nn.conv1d(
        tf.pad(x, [[0, 0], [1, 1], [0, 0]]), w, [1, 1, 1], "VALID", "NWC", [1, 1, 1]
    )
dx = tape.gradient(value, x, output_gradients=dy)

assert dx.dtype.name == "float16", dx.dtype
actual = dx.numpy().astype(np.float64)
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
