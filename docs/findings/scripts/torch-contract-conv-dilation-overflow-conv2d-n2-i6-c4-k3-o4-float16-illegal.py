"""torch contract/conv_dilation_overflow: differs, returned a result of shape (2, 4, 4, 6) where an
error is due: the kernel covers more places than 64 bits count, so no output is left

Refuse conv: the kernel covers more places than 64 bits count, so no output is left. 2-D: 2
images of 6x6 with 4 channels, 4 filters of 3x3, no padding, output 4x4; float16, channels last,
a call to be refused.

Known: the size of the output is computed modulo 2**64, and the result is of one tap alone (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch contract/conv_dilation_overflow
conv2d:n2_i6_c4_k3_o4_float16_illegal
"""

import numpy as np
import torch
import torch.nn.functional as F

# Illegal: the kernel covers more places than 64 bits count, so no output is left.
try:
    x = torch.from_numpy(np.ones((2, 6, 6, 4), np.float16)).movedim(-1, 1)
    w = torch.from_numpy(np.ones((4, 3, 3, 4), np.float16)).movedim(-1, 1)
    y = F.conv2d(x, w, None, (1, 1), [0, 0], (1, 4611686018427387904), 1)
except Exception as error:  # as it should be
    print(f"refused: {error}")
else:
    shape = tuple(y.shape)
    raise AssertionError(f"a result of shape {shape} where an error is due")
