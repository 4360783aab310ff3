"""tensorflow conv/raw_conv: crashed, the worker was ended by SIGABRT: F0000
00:00:1795669329.802429   26591 ops_util.cc:36] Eigen does not have explicit padding enum value
< Fatal Python error: Aborted < File "gen_nn_ops.py", line 1117 in conv

``raw_ops.Conv``, the op for any number of dimensions (1-D by a unit axis). 3-D: 1 image of
1x4x4 with 2 channels, 2 filters of 1x1x1, no padding, output 1x4x4; float64, channels last,
exact small integers.

The process ends.

Known: raw_ops.Conv in 3-D with EXPLICIT padding aborts the process or gives a wrong shape (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/raw_conv conv3d:i1x4x4_c2_k1_o2_p0_float64
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([
    15, 9, 19, 21, 20, -4, 10, -17,
    9, 30, -21, 6, -23, 10, 6, 18,
    16, 26, 16, 22, -11, 7, -7, 9,
    -21, -21, -3, 7, -28, -25, -18, 20,
], np.float64).reshape(1, 1, 4, 4, 2)
x = tf.constant(x)
w = tf.constant(np.array([17, 28, 12, -28], np.float64).reshape(1, 1, 1, 2, 2))
expected = np.array([
    363, 168, 575, -56, 292, 672, -34, 756,
    513, -588, -285, -756, -271, -924, 318, -336,
    584, -280, 536, -168, -103, -504, -11, -448,
    -609, 0, 33, -280, -776, -84, -66, -1064,
], np.float64).reshape(1, 1, 4, 4, 2)

y = tf.raw_ops.Conv(
    input=x,
    filter=w,
    strides=[1, 1, 1, 1, 1],
    data_format="CHANNELS_LAST",
    dilations=[1, 1, 1, 1, 1],
    groups=1,
    padding="EXPLICIT",
    explicit_paddings=[0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
)

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
