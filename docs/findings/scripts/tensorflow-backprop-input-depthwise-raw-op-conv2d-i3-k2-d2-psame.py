"""tensorflow backprop_input/depthwise_raw_op: 9 of 9 elements are wrong, such as 630 where 29 is
due (everywhere)

Diagnosis: dilation ignored.

``raw_ops.DepthwiseConv2dNativeBackpropInput``. 2-D: 1 image of 3x3 with 1 channel, 1 filter of
2x2, dilation 2 (the kernel covers 3x3), padding SAME (1 on every side), output 3x3; float32,
channels last, exact small integers.

Known: DepthwiseConv2dNativeBackprop* ignore their dilations, as the forward op once did
(https://github.com/tensorflow/tensorflow/issues/56498)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow backprop_input/depthwise_raw_op conv2d:i3_k2_d2_pSAME
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

w = tf.constant(np.array([-30, -1, -25, 15], np.float32).reshape(2, 2, 1, 1))
dy = np.array([7, 30, -22, 16, -29, -8, 11, 7, -26], np.float32).reshape(1, 3, 3, 1)
dy = tf.constant(dy)
expected = np.array([870, 224, 29, -960, 1424, 443, 725, 440, -435], np.float64).reshape(1, 3, 3, 1)

dx = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
    input_sizes=[1, 3, 3, 1],
    filter=tf.reshape(w, [2, 2, 1, 1]),
    out_backprop=dy,
    strides=[1, 1, 1, 1],
    data_format="NHWC",
    dilations=[1, 2, 2, 1],
    padding="SAME",
)

assert dx.dtype.name == "float32", dx.dtype
actual = dx.numpy().astype(np.float64)
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
