"""tensorflow contract/conv_dilation_overflow: crashed, the worker was ended by SIGABRT: Fatal
Python error: Aborted < File "gen_nn_ops.py", line 1334 in conv2d < File "nn_ops.py", line 2464
in conv2d

Refuse conv: the kernel covers more places than 64 bits count, so no output is left. 2-D: 2
images of 6x6 with 4 channels, 4 filters of 3x3, no padding, output 4x4; float32, channels last,
a call to be refused.

The process ends.

Known: the oneDNN graph pass aborts the process on a dilation beyond 32 bits
(https://github.com/tensorflow/tensorflow/issues/85255)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow contract/conv_dilation_overflow
conv2d:n2_i6_c4_k3_o4_illegal
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

# Illegal: the kernel covers more places than 64 bits count, so no output is left.
try:
    y = tf.nn.conv2d(
        tf.constant(np.ones((2, 6, 6, 4), np.float32)),
        tf.constant(np.ones((3, 3, 4, 4), np.float32)),
        strides=[1, 1, 1, 1],
        padding="VALID",
        data_format="NHWC",
        dilations=[1, 1, 4611686018427387904, 1],
    )
except Exception as error:  # as it should be
    print(f"refused: {error}")
else:
    shape = tuple(y.shape)
    raise AssertionError(f"a result of shape {shape} where an error is due")
