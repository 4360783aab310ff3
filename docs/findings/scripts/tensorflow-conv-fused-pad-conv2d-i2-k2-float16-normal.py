"""tensorflow conv/fused_pad: 1 of 1 elements are wrong, such as 1.20898438 where 1.20979178 is due
(everywhere, accumulates in float16)

``raw_ops.FusedPadConv2D`` that mirrors nothing: kernels of its own. 2-D: 1 image of 2x2 with 1
channel, 1 filter of 2x2, no padding, output 1x1; float16, channels last, normal data.

Known: FusedPadConv2D adds float16 products in float16 (https://gitlab.com/libeigen/eigen/-3158)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/fused_pad conv2d:i2_k2_float16_normal
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([1.091, 1.415, 0.4253, -0.2637], np.float16).reshape(1, 2, 2, 1))
w = tf.constant(np.array([0.96, 0.1459, 0.724, 1.334], np.float16).reshape(2, 2, 1, 1))
expected = np.array([1.2097917795181274], np.float64).reshape(1, 1, 1, 1)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
bound = np.array([0.000591294], np.float64).reshape(1, 1, 1, 1)

y = tf.raw_ops.FusedPadConv2D(
    input=x,
    paddings=[[0, 0], [0, 0], [0, 0], [0, 0]],
    filter=w,
    mode="REFLECT",
    strides=[1, 1, 1, 1],
    padding="VALID",
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
