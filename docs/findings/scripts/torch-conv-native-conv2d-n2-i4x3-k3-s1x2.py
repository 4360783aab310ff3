"""torch conv/native: 2 of 4 elements are wrong, such as inf where 1010 is due (row 1)

Diagnosis: larger than any sum of products.

Convolve with ``F.conv*d``, its padding a number. 2-D: 2 images of 4x3 with 1 channel, 1 filter
of 3x3, stride 1x2, no padding, output 2x1; float32, channels last, exact small integers.

Known: oneDNN leaves all rows but the first of a one-column output unwritten (strides 1, s > 1)
(https://github.com/pytorch/pytorch/issues/169688)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/native conv2d:n2_i4x3_k3_s1x2
"""

import os
import sys

# glibc fills fresh memory with 0x7f then, so that what a kernel never writes shows.
if os.environ.get("MALLOC_PERTURB_") != "128":
    os.environ["MALLOC_PERTURB_"] = "128"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

import numpy as np
import torch
import torch.nn.functional as F

x = np.array([
    -19, 8, 18, 27, -1, -2, 29, -21, -27, 13, -13, 3,
    16, 6, 7, 4, 12, -13, -4, -17, 16, 12, 27, -4,
], np.float32).reshape(2, 4, 3, 1)
x = torch.from_numpy(x).movedim(-1, 1)
w = np.array([-2, 25, -19, 15, -10, -21, 1, 15, 7], np.float32).reshape(1, 3, 3, 1)
w = torch.from_numpy(w).movedim(-1, 1)
expected = np.array([-122, 1010, 51, 702], np.float64).reshape(2, 1, 2, 1)

y = F.conv2d(x, w, None, (1, 2), (0, 0), (1, 1), 1)

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
