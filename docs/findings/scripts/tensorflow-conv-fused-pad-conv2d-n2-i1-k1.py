"""tensorflow conv/fused_pad: 1 of 2 elements are wrong, such as 56 where -154 is due (batch 1)

``raw_ops.FusedPadConv2D`` that mirrors nothing: kernels of its own. 2-D: 2 images of 1x1 with 1
channel, 1 filter of 1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: FusedPadConv2D gives every sample the result of the first (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/fused_pad conv2d:n2_i1_k1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([4, -11], np.float32).reshape(2, 1, 1, 1))
w = tf.constant(np.array([14], np.float32).reshape(1, 1, 1, 1))
expected = np.array([56, -154], np.float64).reshape(2, 1, 1, 1)

y = tf.raw_ops.FusedPadConv2D(
    input=x,
    paddings=[[0, 0], [0, 0], [0, 0], [0, 0]],
    filter=w,
    mode="REFLECT",
    strides=[1, 1, 1, 1],
    padding="VALID",
)

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
