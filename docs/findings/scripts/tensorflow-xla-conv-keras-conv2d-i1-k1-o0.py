"""tensorflow:xla conv/keras: raised, ValueError: ...  line 826, in _conv raise ValueError(
ValueError: The convolution operation resulted in an empty output. Output shape: (1, 1, 1, 0).
This can happen if the input is too small for the given kernel size, strides, dilation rate, and
padding mode. Please check the input shape and convolution parameters.

``keras.ops.conv``. 2-D: 1 image of 1x1 with 1 channel, 0 filters of 1x1, no padding, output
1x1; float32, channels last, exact small integers.

Known: what is traced for XLA refuses a filter without output channels (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla conv/keras conv2d:i1_k1_o0
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([-6], np.float32).reshape(1, 1, 1, 1))
w = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
dy = tf.constant(np.array([], np.float32).reshape(1, 1, 1, 0))
expected = np.array([], np.float64).reshape(1, 1, 1, 0)


def of_operands(x, w, dy):
    return tf.keras.ops.conv(
        x, w, strides=(1, 1), padding="valid", data_format="channels_last", dilation_rate=(1, 1)
    )


y = tf.function(of_operands, jit_compile=True)(x, w, dy)

assert y.dtype.name == "float32", y.dtype
actual = y.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
