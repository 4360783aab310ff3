"""tensorflow:xla backprop_filter/autodiff: 2 of 6 elements are wrong, such as nan where -198 is
due (scattered)

Gradient of ``tf.nn.conv*d`` with respect to its filter, by a tape. 1-D: 1 image of 1 with 3
channels, 6 filters of 1, 3 groups, no padding, output 1; float32, channels last, NaN and
infinities among small integers.

Known: XLA on CPU dilates the axis of batch groups: NaN of one group meets zeros of others (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla backprop_filter/autodiff
conv1d:i1_c3_k1_o6_g3_nonfinite
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([np.nan, -18, -5], np.float32).reshape(1, 1, 3))
w = tf.constant(np.array([-7, 12, -20, 5, 13, 1], np.float32).reshape(1, 1, 6))
dy = tf.constant(np.array([np.nan, 15, 11, -7, 2, -11], np.float32).reshape(1, 1, 6))
expected = np.array([np.nan, np.nan, -198, 126, -10, 55], np.float64).reshape(1, 1, 6)
nan_too = np.array([0, 0, 0, 0, 0, 0], bool).reshape(1, 1, 6)


def of_operands(x, w, dy):
    with tf.GradientTape() as tape:
        tape.watch(w)
        value = tf.nn.conv1d(x, w, [1, 1, 1], "VALID", "NWC", [1, 1, 1])
    return tape.gradient(value, w, output_gradients=dy)


dw = tf.function(of_operands, jit_compile=True)(x, w, dy)

assert dw.dtype.name == "float32", dw.dtype
actual = dw.numpy().astype(np.float64)
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
