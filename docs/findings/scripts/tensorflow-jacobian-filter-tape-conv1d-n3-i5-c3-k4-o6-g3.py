"""tensorflow jacobian_filter/tape: 96 of 864 elements are wrong, such as 32 where 1 is due
(scattered)

Diagnosis: groups counted across vectorized calls.

``tape.jacobian`` of ``tf.nn.conv*d`` with respect to its filter, vectorized (pfor). 1-D: 3
images of 5 with 3 channels, 6 filters of 4, 3 groups, no padding, output 2; float32, channels
last, exact small integers.

Known: pfor converts the filter gradient of a grouped convolution wrongly; a loop is right (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow jacobian_filter/tape conv1d:n3_i5_c3_k4_o6_g3
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

X = np.array([
    14, 29, 20, 4, 5, -7, 32, 20, -5, -15, 32, -27, 32, 1, 18,
    21, 32, 16, -10, -24, -13, 7, 6, 19, 11, -5, -27, -16, 12, 4,
    8, 6, -3, 8, -30, -20, 11, -19, 7, 20, 9, 5, 6, -4, -3,
], np.float64).reshape(3, 5, 3)
x = tf.constant(np.ascontiguousarray(X, np.float32))
w = np.array([
    -22, 15, -10, -11, 27, 28,
    -18, -21, -17, -28, -17, 26,
    -18, -15, -19, 15, -21, -30,
    9, -4, -19, -3, -4, -8,
], np.float32).reshape(4, 1, 6)
w = tf.constant(w)


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(4):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(5, 2, 1, 1, 0)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def conv(x, w):
    x, w = x.reshape(3, 5, 3, 1), w.reshape(4, 1, 3, 2)
    total = np.zeros((3, 2, 3, 2), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(3, 2, 6)


def reference(fixed):
    total = np.zeros((3, 2, 6, 4, 1, 6), fixed.dtype)
    for place in np.ndindex((4, 1, 6)):
        unit = np.zeros((4, 1, 6), fixed.dtype)
        unit[place] = 1
        total[(..., *place)] = conv(fixed, unit)
    return total


expected = reference(X)
expected = (expected).astype(np.float32).astype(np.float64)

with tf.GradientTape(persistent=False) as tape:
    tape.watch(w)
    value = tf.nn.conv1d(x, w, [1, 1, 1], "VALID", "NWC", [1, 1, 1])
jacobian = tape.jacobian(value, w, experimental_use_pfor=True)

assert jacobian.dtype.name == "float32", jacobian.dtype
actual = jacobian.numpy().astype(np.float64)
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
