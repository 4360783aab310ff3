"""torch conv/native: raised, RuntimeError: Given groups=1, expected weight to be at least 1 at
dimension 0, but got weight of size [0, 1, 1, 1] instead

Convolve with ``F.conv*d``, its padding a number. 2-D: 1 image of 1x1 with 1 channel, 0 filters
of 1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: a filter without output channels is refused
(https://github.com/pytorch/pytorch/issues/56998)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/native conv2d:i1_k1_o0
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([-6], np.float32).reshape(1, 1, 1, 1)).movedim(-1, 1)
w = torch.from_numpy(np.array([], np.float32).reshape(0, 1, 1, 1)).movedim(-1, 1)
expected = np.array([], np.float64).reshape(1, 0, 1, 1)

y = F.conv2d(x, w, None, (1, 1), (0, 0), (1, 1), 1)

assert y.dtype == torch.float32, y.dtype
actual = y.detach().cpu().double().numpy()
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
