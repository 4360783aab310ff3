"""tensorflow:xla backprop_input/patches: raised, InvalidArgumentError: ... sion failed while
converting
__inference_of_operands_85[_XlaMustCompile=true,config_proto=13561319589895757934,executor_type=11160318154034397263].
Run with TF_DUMP_GRAPH_PREFIX=dir and --vmodule=xla_compiler=2 to obtain a dump of the compiled
functions. [Op:__inference_of_operands_85]

Gradient of the convolution by patches, whose own is a sum by segments. 1-D: 0 images of 11 with
3 channels, 4 filters of 3, no padding, output 9; float32, channels last, exact small integers.

Known: under XLA, the gradient of extract_patches reshapes an empty one by -1, and refuses the
result (not reported before)

Seen with tensorflow 2.21.0, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro tensorflow:xla backprop_input/patches conv1d:n0_i11_c3_k3_o4
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

x = tf.constant(np.array([], np.float32).reshape(0, 11, 3))
w = np.array([
    -17, 20, -5, 29, -15, 20, -16, -27, 13, -24, -28, 26,
    4, -24, 10, -28, 15, 2, 11, -6, 2, -6, 8, -6,
    -10, -4, 6, 23, 8, -31, -13, -16, -4, 31, -6, 30,
], np.float32).reshape(3, 3, 4)
w = tf.constant(w)
dy = tf.constant(np.array([], np.float32).reshape(0, 9, 4))
expected = np.array([], np.float64).reshape(0, 11, 3)


def of_operands(x, w, dy):
    with tf.GradientTape() as tape:
        tape.watch(x)
        windows = tf.image.extract_patches(
            tf.expand_dims(x, 1), [1, 1, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
        )
        rows = tf.reshape(tf.transpose(tf.reshape(windows, [0, 3, 1, 3]), [2, 0, 1, 3]), [1, 0, 9])
        matmul = tf.matmul(rows, tf.transpose(tf.reshape(w, [9, 1, 4]), [1, 0, 2]))
        value = tf.reshape(tf.transpose(matmul, [1, 0, 2]), [0, 9, 4])
    return tape.gradient(value, x, output_gradients=dy)


dx = tf.function(of_operands, jit_compile=True)(x, w, dy)

assert dx.dtype.name == "float32", dx.dtype
actual = dx.numpy().astype(np.float64)
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
