"""tensorflow contract/transpose_kernel_empty: differs, returned a result of shape (2, 6, 6, 4)
where an error is due: a kernel has a tap

Refuse transpose: a kernel has a tap. 2-D: 2 images of 6x6 with 4 channels, 4 filters of 3x3, no
padding, output 4x4; float32, channels last, a call to be refused.

Known: oneDNN answers a filter without taps with zeros, whatever the sizes are (not reported
before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow contract/transpose_kernel_empty
conv2d:n2_i6_c4_k3_o4_illegal
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

# Illegal: a kernel has a tap.
try:
    y = tf.nn.conv2d_transpose(
        tf.constant(np.ones((2, 4, 4, 4), np.float32)),
        tf.constant(np.ones((0, 3, 4, 4), np.float32)),
        [2, 6, 6, 4],
        strides=[1, 1, 1, 1],
        padding="VALID",
        data_format="NHWC",
        dilations=[1, 1, 1, 1],
    )
except Exception as error:  # as it should be
    print(f"refused: {error}")
else:
    shape = tuple(y.shape)
    raise AssertionError(f"a result of shape {shape} where an error is due")
