"""torch conv/native: differs, shape (1, 1, 1, 0), expected (1, 1, 1, 1)

Diagnosis: result without elements or shape of the image.

Convolve with ``F.conv*d``, its padding a number. 2-D: 1 image of 1x1 with 0 channels, 1 filter
of 1x1, no padding, output 1x1; float32, channels last, exact small integers.

Known: without input channels the result has no output channels either, and gradients fail
(https://github.com/pytorch/pytorch/issues/101356)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/native conv2d:i1_c0_k1
"""

import numpy as np
import torch
import torch.nn.functional as F

x = torch.from_numpy(np.array([], np.float32).reshape(1, 1, 1, 0)).movedim(-1, 1)
w = torch.from_numpy(np.array([], np.float32).reshape(1, 1, 1, 0)).movedim(-1, 1)
expected = np.array([0], np.float64).reshape(1, 1, 1, 1)

y = F.conv2d(x, w, None, (1, 1), (0, 0), (1, 1), 1)

assert y.dtype == torch.float32, y.dtype
actual = y.detach().cpu().double().numpy()
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = actual != expected
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
