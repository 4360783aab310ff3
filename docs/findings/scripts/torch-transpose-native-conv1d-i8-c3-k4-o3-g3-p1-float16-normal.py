"""torch transpose/native: 7 of 24 elements are wrong, such as -0.10546875 where -0.105790071 is
due (scattered, accumulates in float16)

Diagnosis: accumulates in float16.

Call ``F.conv_transpose*d`` with ``output_padding``. 1-D: 1 image of 8 with 3 channels, 3
filters of 4, 3 groups, padding 1 on every side, output 7; float16, channels last, normal data.

Known: col2im adds in float16 where oneDNN has no float16 kernel (no AVX512-FP16)
(https://github.com/pytorch/pytorch/issues/153276)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch transpose/native conv1d:i8_c3_k4_o3_g3_p1_float16_normal
"""

import numpy as np
import torch
import torch.nn.functional as F

w = np.array([
    -0.853, 2.012, 0.7744, -1.576,
    1.76, -0.09686, -0.08264, -0.5093,
    0.8955, 0.518, 0.06158, -0.1224,
], np.float16).reshape(3, 4, 1)
w = torch.from_numpy(w).movedim(-1, 1)
dy = np.array([
    0.507, -0.936, 0.181,
    0.8076, 0.7344, -0.588,
    -1.005, 1.556, -1.253,
    -0.7266, -1.691, 0.672,
    0.2808, 1.353, -0.516,
    0.734, -1.143, 1.198,
    0.8643, -0.9653, 1.054,
], np.float16).reshape(1, 7, 3)
dy = torch.from_numpy(dy).movedim(-1, 1)
expected = np.array([
    0.3306918144226074, 2.874392032623291, -1.5751943588256836, -3.7522757053375244,
    0.9599959850311279, 2.1017513275146484, 1.8644471168518066, -0.4874382019042969,
    1.3829948604106903, 2.7438259720802307, -2.711152970790863, 2.041422963142395,
    -2.7941643595695496, -0.8384659290313721, -0.5008882582187653, 0.6616657376289368,
    -0.43267494440078735, -1.4154260531067848, -0.10579007118940353, -0.11932522058486938,
    1.0003592371940613, 1.45036980509758, 0.6828449666500092, -0.08174324035644531,
], np.float64).reshape(1, 3, 8)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
bound = np.array([
    0.000161734, 0.00140412, 0.000770226, 0.00183318, 0.000469663, 0.00102722, 0.000910956,
    0.000238284, 0.000675515, 0.00134036, 0.0013248, 0.000997634, 0.00136519, 0.00041019,
    0.000244821, 0.000323217, 0.000211401, 0.000691472, 5.20866e-05, 5.86122e-05,
    0.000488942, 0.000708708, 0.000333632, 3.99985e-05,
], np.float64).reshape(1, 3, 8)

dx = F.conv_transpose1d(dy, w, None, (1,), (1,), (0,), 3, (1,))

assert dx.dtype == torch.float16, dx.dtype
actual = dx.detach().cpu().double().numpy()
assert actual.shape == expected.shape, f"shape {actual.shape}, not {expected.shape}"
wrong = ~(abs(actual - expected) <= bound)
with np.errstate(invalid="ignore"):
    error = np.nan_to_num(abs(actual - expected), nan=np.inf)
worst = np.unravel_index(np.where(wrong, error, -1).argmax(), error.shape)
assert not wrong.any(), (
    f"{wrong.sum()} of {wrong.size} elements are wrong, the worst is "
    f"{[int(i) for i in worst]}: {actual[worst]}, expected {expected[worst]}"
    f"\nactual:\n{actual}\nexpected:\n{expected}"
)
