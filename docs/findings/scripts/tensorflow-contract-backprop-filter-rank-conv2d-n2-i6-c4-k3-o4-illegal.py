"""tensorflow contract/backprop_filter_rank: differs, returned a result of shape (3, 3, 4, 4) where
an error is due: an image has a batch axis, a channel axis and the spatial ones

Refuse backprop_filter: an image has a batch axis, a channel axis and the spatial ones. 2-D: 2
images of 6x6 with 4 channels, 4 filters of 3x3, no padding, output 4x4; float32, channels last,
a call to be refused.

Known: oneDNN's Conv2DBackpropFilter reads an image of five axes as one of four (not reported
before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow contract/backprop_filter_rank
conv2d:n2_i6_c4_k3_o4_illegal
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

# Illegal: an image has a batch axis, a channel axis and the spatial ones.
try:
    y = tf.compat.v1.nn.conv2d_backprop_filter(
        tf.constant(np.ones((1, 2, 6, 6, 4), np.float32)),
        (3, 3, 4, 4),
        tf.constant(np.ones((1, 2, 4, 4, 4), np.float32)),
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
