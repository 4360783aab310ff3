"""tensorflow:xla conv/patches: 1 of 3 elements are wrong, such as nan where -inf is due (first
column)

``tf.image.extract_patches`` or ``tf.extract_volume_patches``, and a matrix product. 1-D: 1
image of 4 with 1 channel, 1 filter of 2, no padding, output 3; float32, channels last, NaN and
infinities among small integers, seed 1.

Known: for XLA tf.image.extract_patches is a product with zeros and ones: NaN fills the patch
(https://github.com/tensorflow/tensorflow/issues/119356)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla conv/patches conv1d:i4_k2_nonfinite_seed1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([np.inf, 9, -20, -16], np.float32).reshape(1, 4, 1))
w = tf.constant(np.array([-25, 6], np.float32).reshape(2, 1, 1))
dy = tf.constant(np.array([-21, 29, np.inf], np.float32).reshape(1, 3, 1))
expected = np.array([-np.inf, -345, 404], np.float64).reshape(1, 3, 1)
nan_too = np.array([0, 0, 0], bool).reshape(1, 3, 1)


def of_operands(x, w, dy):
    windows = tf.image.extract_patches(
        tf.expand_dims(x, 1), [1, 1, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
    )
    rows = tf.reshape(tf.transpose(tf.reshape(windows, [3, 2, 1, 1]), [2, 0, 1, 3]), [1, 3, 2])
    matmul = tf.matmul(rows, tf.transpose(tf.reshape(w, [2, 1, 1]), [1, 0, 2]))
    return tf.reshape(tf.transpose(matmul, [1, 0, 2]), [1, 3, 1])


y = tf.function(of_operands, jit_compile=True)(x, w, dy)

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = (actual != expected) & ~(np.isnan(actual) & (np.isnan(expected) | nan_too))
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
