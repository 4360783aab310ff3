"""torch contract/backprop_filter_gradient_batch: differs, returned a result of shape (4, 4, 3, 3)
where an error is due: image and output gradient are of one batch

Refuse backprop_filter: image and output gradient are of one batch. 2-D: 2 images of 6x6 with 4
channels, 4 filters of 3x3, no padding, output 4x4; float16, channels last, a call to be
refused.

Known: PyTorch's own kernels look at neither batch nor channels of the output gradient (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch contract/backprop_filter_gradient_batch
conv2d:n2_i6_c4_k3_o4_float16_illegal
"""

import numpy as np
import torch
from torch.nn import grad as nn_grad

# Illegal: image and output gradient are of one batch.
try:
    x = torch.from_numpy(np.ones((2, 6, 6, 4), np.float16)).movedim(-1, 1)
    dy = torch.from_numpy(np.ones((3, 4, 4, 4), np.float16)).movedim(-1, 1)
    shape = torch.from_numpy(np.ones((4, 3, 3, 4), np.float16)).movedim(-1, 1).shape
    y = nn_grad.conv2d_weight(x, shape, dy, (1, 1), [0, 0], (1, 1), 1)
except Exception as error:  # as it should be
    print(f"refused: {error}")
else:
    shape = tuple(y.shape)
    raise AssertionError(f"a result of shape {shape} where an error is due")
