"""tensorflow conv/depthwise: differs, shape (3, 4, 5), expected (3, 3, 5)

Diagnosis: stride inside the blocks of the dilation.

``tf.nn.depthwise_conv2d``, which dilates by rearranging space into batch. 1-D: 3 images of 6
with 1 channel, 5 filters of 1, stride 2, dilation 2 (the kernel covers 1), no padding, output
3, 1 trailing place unused; float32, channels last, exact small integers, seed 1.

Known: depthwise_conv2d with stride and dilation computes something else, with a warning only
(https://github.com/tensorflow/tensorflow/pull/127827)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow conv/depthwise conv1d:n3_i6_k1_o5_s2_d2_p0_seed1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = np.array([
    21, -30, 22, -5, -12, 31,
    12, 14, 15, 28, 29, -18,
    -32, 1, -31, -25, 29, -27,
], np.float32).reshape(3, 6, 1)
x = tf.constant(x)
w = tf.constant(np.array([23, -25, 22, 8, 22], np.float32).reshape(1, 1, 5))
expected = np.array([
    483, -525, 462, 168, 462, 506, -550, 484, 176, 484, -276, 300, -264, -96, -264,
    276, -300, 264, 96, 264, 345, -375, 330, 120, 330, 667, -725, 638, 232, 638,
    -736, 800, -704, -256, -704, -713, 775, -682, -248, -682, 667, -725, 638, 232, 638,
], np.float64).reshape(3, 3, 5)

y2 = tf.nn.depthwise_conv2d(
    tf.expand_dims(x, 1),
    tf.reshape(tf.expand_dims(w, 0), [1, 1, 1, 5]),
    [1, 2, 2, 1],
    [[0, 0], [0, 0], [0, 0], [0, 0]],
    data_format="NHWC",
    dilations=(1, 2),
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
