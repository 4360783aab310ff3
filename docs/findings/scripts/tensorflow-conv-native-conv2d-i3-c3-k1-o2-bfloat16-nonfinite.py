"""tensorflow conv/native: 2 of 18 elements are wrong, such as nan where -180 is due (row 1, first
column)

``tf.nn.conv1d``, ``conv2d``, ``conv3d``. 2-D: 1 image of 3x3 with 3 channels, 2 filters of 1x1,
no padding, output 3x3; bfloat16, channels last, NaN and infinities among small integers.

Known: oneDNN pairs an odd last channel with the next pixel's, times zero: its NaN or infinity
leaks (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/native conv2d:i3_c3_k1_o2_bfloat16_nonfinite
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([
    28, -31, -24, -2, -2, 7, -30, -7, 10,
    1, -17, -20, np.nan, 18, -6, -14, -2, 7,
    -27, 13, -17, -17, 7, 8, 21, 20, -17,
], np.float32).reshape(1, 3, 3, 3)
x = tf.constant(x.astype(tf.bfloat16.as_numpy_dtype))
w = np.array([-19, 11, -27, 22, 31, -9], np.float32).reshape(1, 1, 3, 2)
w = tf.constant(w.astype(tf.bfloat16.as_numpy_dtype))
expected = np.array([
    -440, -158, 308, -129, 1072, -576,
    -180, -183, np.nan, np.nan, 536, -260,
    -364, 142, 382, -105, -1464, 824,
], np.float64).reshape(1, 3, 3, 2)
nan_too = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], bool).reshape(1, 3, 3, 2)

y = tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID", "NHWC", [1, 1, 1, 1])

assert y.dtype.name == "bfloat16", y.dtype
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
