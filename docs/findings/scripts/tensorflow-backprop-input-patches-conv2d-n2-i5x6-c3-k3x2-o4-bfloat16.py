"""tensorflow backprop_input/patches: 59 of 180 elements are wrong, such as -68 where -70 is due
(scattered, accumulates in bfloat16)

Diagnosis: accumulates in bfloat16.

Gradient of the convolution by patches, whose own is a sum by segments. 2-D: 2 images of 5x6
with 3 channels, 4 filters of 3x2, no padding, output 3x5; bfloat16, channels last, exact small
integers.

Known: the gradient of patches adds what windows share in bfloat16 (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_input/patches conv2d:n2_i5x6_c3_k3x2_o4_bfloat16
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
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 5, 6, 3))
assert zlib.crc32(X.tobytes()) == 295007692, "NumPy draws other numbers"
W = drawn(1, (3, 2, 3, 4))
assert zlib.crc32(W.tobytes()) == 2352496141, "NumPy draws other numbers"
DY = drawn(2, (2, 3, 5, 4))
assert zlib.crc32(DY.tobytes()) == 3734518346, "NumPy draws other numbers"
x = tf.constant(np.ascontiguousarray(X, np.float32).astype(tf.bfloat16.as_numpy_dtype))
w = tf.constant(np.ascontiguousarray(W, np.float32).astype(tf.bfloat16.as_numpy_dtype))
dy = tf.constant(np.ascontiguousarray(DY, np.float32).astype(tf.bfloat16.as_numpy_dtype))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 2):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(5, 3, 1, 1, 0), (6, 5, 1, 1, 0)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(dy, w):
    dy, w = dy.reshape(2, 3, 5, 1, 4), w.reshape(3, 2, 3, 1, 4)
    total = np.zeros((2, 5, 6, 1, 3), dy.dtype)
    for tap, reads, adds in taps():
        total[reads] += np.einsum("...go,cgo->...gc", dy[adds], w[tap])
    return total.reshape(2, 5, 6, 3)


expected = reference(DY, W)
unit = np.ldexp(1.0, np.maximum(np.frexp(expected)[1] - 1, -126) - 7)
expected = np.rint(expected / unit) * unit
expected[abs(expected) > 3.3895313892515355e+38] *= np.inf

with tf.GradientTape() as tape:
    tape.watch(x)
    windows = tf.image.extract_patches(x, [1, 3, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    rows = tf.reshape(tf.transpose(tf.reshape(windows, [30, 6, 1, 3]), [2, 0, 1, 3]), [1, 30, 18])
    matmul = tf.matmul(rows, tf.transpose(tf.reshape(w, [18, 1, 4]), [1, 0, 2]))
    value = tf.reshape(tf.transpose(matmul, [1, 0, 2]), [2, 3, 5, 4])
dx = tape.gradient(value, x, output_gradients=dy)

assert dx.dtype.name == "bfloat16", dx.dtype
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
