"""tensorflow:xla transpose/native: crashed, the worker was ended by SIGFPE: Fatal Python error:
Floating point exception < File "execute.py", line 53 in quick_execute < File "context.py", line
1688 in call_function

``tf.nn.conv1d_transpose``, ``conv2d_transpose``, ``conv3d_transpose``. 1-D: 1 image of 1 with 0
channels, 1 filter of 1, no padding, output 1; float32, channels last, exact small integers.

The process ends.

Known: the image gradient for XLA divides by the channels of an image that has none: SIGFPE (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla transpose/native conv1d:i1_c0_k1
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([], np.float32).reshape(1, 1, 0))
w = tf.constant(np.array([], np.float32).reshape(1, 0, 1))
dy = tf.constant(np.array([-25], np.float32).reshape(1, 1, 1))
expected = np.array([], np.float64).reshape(1, 1, 0)


def of_operands(x, w, dy):
    return tf.nn.conv1d_transpose(dy, w, [1, 1, 0], [1, 1, 1], "VALID", "NWC", [1, 1, 1])


dx = tf.function(of_operands, jit_compile=True)(x, w, dy)

assert dx.dtype.name == "float32", dx.dtype
actual = dx.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
