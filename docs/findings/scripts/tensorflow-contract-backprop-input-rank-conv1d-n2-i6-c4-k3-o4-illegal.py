"""tensorflow contract/backprop_input_rank: differs, returned a result of shape (2, 6, 4) where an
error is due: an image has a batch axis, a channel axis and the spatial ones

Refuse backprop_input: an image has a batch axis, a channel axis and the spatial ones. 1-D: 2
images of 6 with 4 channels, 4 filters of 3, no padding, output 4; float32, channels last, a
call to be refused.

Known: a tape takes an output gradient of another shape where a reshape follows (conv1d) (not
reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow contract/backprop_input_rank conv1d:n2_i6_c4_k3_o4_illegal
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

# Illegal: an image has a batch axis, a channel axis and the spatial ones.
try:
    w = tf.constant(np.ones((3, 4, 4), np.float32))
    dy = tf.constant(np.ones((1, 2, 4, 4), np.float32))
    x = tf.zeros([2, 6, 4], w.dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.nn.conv1d(
            x, w, stride=[1, 1, 1], padding="VALID", data_format="NWC", dilations=[1, 1, 1]
        )
    y = tape.gradient(value, x, output_gradients=dy)
except Exception as error:  # as it should be
    print(f"refused: {error}")
else:
    shape = tuple(y.shape)
    raise AssertionError(f"a result of shape {shape} where an error is due")
