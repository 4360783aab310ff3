"""tensorflow conv/native: 18 of 432 elements are wrong, such as -0.0623474121 where -0.0625618696
is due (plane 1 to 2, row 1 to 2, column 1, accumulates in float16)

Diagnosis: accumulates in float16.

``tf.nn.conv1d``, ``conv2d``, ``conv3d``. 3-D: 3 images of 2x2x1 with 5 channels, 3 filters of
1x1x1, padding 1 on every side, output 4x4x3; float16, channels last, normal data.

Known: Eigen's Conv3D adds float16 products in float16 (https://gitlab.com/libeigen/eigen/-3158)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/native conv3d:n3_i2x2x1_c5_k1_o3_p1_float16_normal
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

X = np.array([
    -1.953125, -0.234619140625, -0.38134765625, -0.15869140625, 1.5146484375,
    0.1937255859375, -1.0146484375, 0.27783203125, -1.6318359375, -0.38818359375,
    2.2578125, -0.454345703125, 1.0166015625, 0.85791015625, -0.98779296875,
    0.147216796875, 0.91357421875, 1.1875, -0.5830078125, 0.8515625,
    0.0036773681640625, 0.416015625, -0.299560546875, 3.02734375, -0.76904296875,
    0.56640625, 1.771484375, -1.0986328125, -1.4677734375, 0.09844970703125,
    -2.078125, 1.138671875, -1.501953125, 0.5244140625, 0.319091796875,
    1.0625, 1.6708984375, -0.09814453125, 0.27587890625, 1.3564453125,
    -0.71630859375, 1.4052734375, -0.315185546875, 1.173828125, -0.76708984375,
    0.378173828125, -2.37890625, 0.18896484375, 0.270263671875, -0.75146484375,
    0.21484375, -0.6806640625, -3.06640625, 0.87890625, -0.46533203125,
    -0.716796875, 1.7529296875, -0.53857421875, 0.356201171875, 0.34326171875,
], np.float64).reshape(3, 2, 2, 1, 5)
W = np.array([
    -0.174072265625, -0.00897216796875, 1.2421875,
    -1.7529296875, -1.046875, 0.6923828125,
    0.306640625, 0.8134765625, -0.7177734375,
    -0.66015625, -0.1705322265625, -0.293212890625,
    0.97705078125, 0.06695556640625, -0.309814453125,
], np.float64).reshape(1, 1, 1, 5, 3)
x = tf.constant(np.ascontiguousarray(X, np.float16))
w = tf.constant(np.ascontiguousarray(W, np.float16))


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(1, 1, 1):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(2, 4, 1, 1, 1), (2, 4, 1, 1, 1), (1, 3, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(3, 2, 2, 1, 1, 5), w.reshape(1, 1, 1, 5, 1, 3)
    total = np.zeros((3, 4, 4, 3, 1, 3), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(3, 4, 4, 3, 3)


expected = reference(X, W)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
magnitude = reference(abs(X), abs(W))
terms = reference(np.ones_like(X), np.ones_like(W))
bound = np.minimum(terms, 0.25 * np.sqrt(terms) + 8.0) * 5.960464477539063e-08 * magnitude
bound += 0.00048828125 * abs(expected) + terms * 2.9802322387695312e-08

y = tf.nn.conv3d(
    tf.pad(x, [[0, 0], [1, 1], [1, 1], [1, 1], [0, 0]]),
    w,
    [1, 1, 1, 1, 1],
    "VALID",
    "NDHWC",
    [1, 1, 1, 1, 1],
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
