"""tensorflow conv/keras: 1 of 2 elements are wrong, such as nan where -377 is due (output channel
0)

``keras.ops.conv``. 1-D: 1 image of 1 with 2 channels, 2 filters of 1, 2 groups, no padding,
output 1; float64, channels last, NaN and infinities among small integers.

Known: XLA on CPU makes float64 groups dense, zeros between: NaN reaches the other groups (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/keras conv1d:i1_c2_k1_o2_g2_float64_nonfinite
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-29, np.nan], np.float64).reshape(1, 1, 2))
w = tf.constant(np.array([13, -19], np.float64).reshape(1, 1, 2))
expected = np.array([-377, np.nan], np.float64).reshape(1, 1, 2)
nan_too = np.array([0, 0], bool).reshape(1, 1, 2)

y = tf.keras.ops.conv(
    x, w, strides=(1,), padding="valid", data_format="channels_last", dilation_rate=(1,)
)

assert y.dtype.name == "float64", y.dtype
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
