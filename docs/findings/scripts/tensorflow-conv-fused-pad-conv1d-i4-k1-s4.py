"""tensorflow conv/fused_pad: 1 of 1 elements are wrong, such as -700 where 700 is due (everywhere)

``raw_ops.FusedPadConv2D`` that mirrors nothing: kernels of its own. 1-D: 1 image of 4 with 1
channel, 1 filter of 1, stride 4, no padding, output 1, 3 trailing places unused; float32,
channels last, exact small integers.

Known: FusedPadConv2D moves its windows where VALID leaves three places unused or more (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/fused_pad conv1d:i4_k1_s4
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-25, 25, 24, 21], np.float32).reshape(1, 4, 1))
w = tf.constant(np.array([-28], np.float32).reshape(1, 1, 1))
expected = np.array([700], np.float64).reshape(1, 1, 1)

y2 = tf.raw_ops.FusedPadConv2D(
    input=tf.expand_dims(x, 1),
    paddings=[[0, 0], [0, 0], [0, 0], [0, 0]],
    filter=tf.expand_dims(w, 0),
    mode="REFLECT",
    strides=[1, 4, 4, 1],
    padding="VALID",
)
y = tf.squeeze(y2, [1])

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
