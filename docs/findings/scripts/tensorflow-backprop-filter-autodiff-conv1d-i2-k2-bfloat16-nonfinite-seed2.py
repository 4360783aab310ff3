"""tensorflow backprop_filter/autodiff: 1 of 2 elements are wrong, such as nan where inf is due
(kernel column 0)

Gradient of ``tf.nn.conv*d`` with respect to its filter, by a tape. 1-D: 1 image of 2 with 1
channel, 1 filter of 2, no padding, output 1; bfloat16, channels last, NaN and infinities among
small integers, seed 2.

Known: oneDNN pairs an odd place of the output with zero, times the next place's NaN or infinity
(not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_filter/autodiff
conv1d:i2_k2_bfloat16_nonfinite_seed2
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([-21, -np.inf], np.float32).reshape(1, 2, 1)
x = tf.constant(x.astype(tf.bfloat16.as_numpy_dtype))
w = np.array([16, 4], np.float32).reshape(2, 1, 1)
w = tf.constant(w.astype(tf.bfloat16.as_numpy_dtype))
dy = np.array([-np.inf], np.float32).reshape(1, 1, 1)
dy = tf.constant(dy.astype(tf.bfloat16.as_numpy_dtype))
expected = np.array([np.inf, np.inf], np.float64).reshape(2, 1, 1)
nan_too = np.array([0, 0], bool).reshape(2, 1, 1)

with tf.GradientTape() as tape:
    tape.watch(w)
    value = tf.nn.conv1d(x, w, [1, 1, 1], "VALID", "NWC", [1, 1, 1])
dw = tape.gradient(value, w, output_gradients=dy)

assert dw.dtype.name == "bfloat16", dw.dtype
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
