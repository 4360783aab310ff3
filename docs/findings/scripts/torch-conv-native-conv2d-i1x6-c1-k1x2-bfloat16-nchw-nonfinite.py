"""torch conv/native: 1 of 5 elements are wrong, such as nan where 264 is due (column 1)

Convolve with ``F.conv*d``, its padding a number. 2-D: 1 image of 1x6 with 1 channel, 1 filter
of 1x2, no padding, output 1x5; bfloat16, channels first, NaN and infinities among small
integers.

Known: oneDNN pairs an odd channel with the next place: its NaN times a zero of the padded
filter (not reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/native conv2d:i1x6_k1x2_bfloat16_nchw_nonfinite
"""

import numpy as np
import torch
import torch.nn.functional as F

x = np.array([-8, 31, -17, np.nan, 14, -28], np.float32).reshape(1, 1, 1, 6)
x = torch.from_numpy(x).bfloat16()
w = torch.from_numpy(np.array([3, -10], np.float32).reshape(1, 1, 1, 2)).bfloat16()
expected = np.array([-334, 264, np.nan, np.nan, 322], np.float64).reshape(1, 1, 1, 5)
nan_too = np.array([0, 0, 0, 0, 0], bool).reshape(1, 1, 1, 5)

y = F.conv2d(x, w, None, (1, 1), (0, 0), (1, 1), 1)

assert y.dtype == torch.bfloat16, y.dtype
actual = y.detach().cpu().double().numpy()
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = (actual != expected) & ~(np.isnan(actual) & (np.isnan(expected) | nan_too))
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
