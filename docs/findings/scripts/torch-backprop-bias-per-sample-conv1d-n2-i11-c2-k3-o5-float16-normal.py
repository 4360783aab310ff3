"""torch backprop_bias/per_sample: 1 of 5 elements are wrong, such as -0.464355469 where
-0.464794159 is due (output channel 0, accumulates in float16)

Add up the gradient of each sample, taken under ``func.vmap`` over the batch. 1-D: 2 images of
11 with 2 channels, 5 filters of 3, no padding, output 9; float16, channels last, normal data.

Known: gradients of each sample or filter are stored in float16 before they are added (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_bias/per_sample conv1d:n2_i11_c2_k3_o5_float16_normal
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 1214480064]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = (total - 6).astype(np.float16).astype(np.float64)
    return values


DY = drawn(2, (2, 9, 5))
assert zlib.crc32(DY.tobytes()) == 2839843272, "NumPy draws other numbers"
x = np.array([
    -1.482, -0.3147, -2.24, -1.961, -2.28, -0.8594, -1.095, 1.546, 0.788, 0.3682, 0.2257,
    2.432, 0.2834, 0.03864, -1.538, -0.2864, -0.2866, 0.1764, -0.7646, 2.059, -0.9443,
    0.679, -1.756, 0.4958, -0.9067, -0.813, 1.359, 1.883, -0.1672, 1.043, -0.864, -0.4666,
    1.504, 0.05304, -0.688, -1.044, -1.187, -0.2078, -0.333, 0.2174, 0.10345, 1.2, 0.673,
    -0.145,
], np.float16).reshape(2, 11, 2)
x = torch.from_numpy(x).movedim(-1, 1)
w = np.array([
    -0.597, 0.736, 0.635, -1.439, 1.548, 2.545,
    -1.826, 0.5615, 1.344, -0.2367, -0.4705, -0.455,
    -1.703, 1.125, 0.71, -1.477, 1.261, 0.7383,
    -0.742, -0.3442, 1.328, -0.6367, 0.1353, -1.371,
    -1.04, 1.369, 1.154, 1.004, 1.784, -0.9688,
], np.float16).reshape(5, 3, 2)
w = torch.from_numpy(w).movedim(-1, 1)
dy = torch.from_numpy(np.ascontiguousarray(DY, np.float16)).movedim(-1, 1)
expected = np.array([
    -0.4647941589355469, 0.1435565948486328, 2.4812240600585938, -4.3996734619140625,
    6.964141845703125,
], np.float64)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
bound = np.array([0.00023485, 7.86382e-05, 0.00121984, 0.00215774, 0.0034092], np.float64)

bias = w.new_zeros(5)


def each(x, dy):
    return torch.func.vjp(
        lambda b: F.conv1d(x[None], w, b, (1,), (0,), (1,), 1)[0], bias
    )[1](dy)[0]


db = torch.func.vmap(each)(x, dy).sum(0)

assert db.dtype == torch.float16, db.dtype
actual = db.detach().cpu().double().numpy()
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
