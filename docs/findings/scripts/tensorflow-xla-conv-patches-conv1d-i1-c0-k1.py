"""tensorflow:xla conv/patches: crashed, the worker was ended by SIGSEGV: Fatal Python error:
Segmentation fault < File "execute.py", line 53 in quick_execute < File "context.py", line 1688
in call_function

``tf.image.extract_patches`` or ``tf.extract_volume_patches``, and a matrix product. 1-D: 1
image of 1 with 0 channels, 1 filter of 1, no padding, output 1; float32, channels last, exact
small integers.

The process ends.

Known: tf.image.extract_patches of an image without channels, compiled by XLA: SIGSEGV (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla conv/patches conv1d:i1_c0_k1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([], np.float32).reshape(1, 1, 0))
w = tf.constant(np.array([], np.float32).reshape(1, 0, 1))
dy = tf.constant(np.array([-25], np.float32).reshape(1, 1, 1))
expected = np.array([0], np.float64).reshape(1, 1, 1)


def of_operands(x, w, dy):
    windows = tf.image.extract_patches(
        tf.expand_dims(x, 1), [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
    )
    rows = tf.reshape(tf.transpose(tf.reshape(windows, [1, 1, 1, 0]), [2, 0, 1, 3]), [1, 1, 0])
    matmul = tf.matmul(rows, tf.transpose(tf.reshape(w, [0, 1, 1]), [1, 0, 2]))
    return tf.reshape(tf.transpose(matmul, [1, 0, 2]), [1, 1, 1])


y = tf.function(of_operands, jit_compile=True)(x, w, dy)

assert y.dtype.name == "float32", y.dtype
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
