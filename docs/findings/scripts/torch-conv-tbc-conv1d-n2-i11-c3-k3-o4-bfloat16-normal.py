"""torch conv/tbc: 14 of 72 elements are wrong, such as -0.0524902344 where -0.061548233 is due
(scattered, accumulates in bfloat16)

Diagnosis: accumulates in bfloat16.

Convolve with ``F.conv_tbc``. 1-D: 2 images of 11 with 3 channels, 4 filters of 3, no padding,
output 9; bfloat16, channels last, normal data.

Known: F.conv_tbc and its backward function add each tap's product to a result in 16 bits (not
reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/tbc conv1d:n2_i11_c3_k3_o4_bfloat16_normal
"""

import math
import os
import zlib

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
import torch.nn.functional as F


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 2568177122]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = total - 6
    unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)
    values = np.rint(values / unit) * unit
    values[abs(values) > 3.3895313892515355e+38] *= np.inf
    return values


X = drawn(0, (2, 11, 3))
assert zlib.crc32(X.tobytes()) == 3722191200, "NumPy draws other numbers"
W = np.array([
    -0.64453125, 0.412109375, 0.33203125, -0.10205078125,
    0.98046875, -0.11376953125, -1.453125, -0.8203125,
    0.96875, 1.1953125, 0.1923828125, 0.08837890625,
    2.140625, -1.53125, 0.7421875, 0.251953125,
    -0.2470703125, -2.03125, 1.015625, -0.53125,
    -0.3984375, 1.15625, -1.7578125, -0.1640625,
    -2.1875, 1.7265625, 2.140625, 0.48046875,
    0.578125, -1.09375, -0.9296875, 0.44921875,
    1.5703125, 1.6015625, 1.203125, 0.59765625,
], np.float64).reshape(3, 3, 4)
DY = drawn(2, (2, 9, 4))
assert zlib.crc32(DY.tobytes()) == 1969708900, "NumPy draws other numbers"
x = torch.from_numpy(np.ascontiguousarray(X, np.float32)).bfloat16().movedim(-1, 1)
w = np.ascontiguousarray(W.transpose(2, 0, 1), np.float32)
w = torch.from_numpy(w).bfloat16().movedim(-1, 1)
dy = torch.from_numpy(np.ascontiguousarray(DY, np.float32)).bfloat16().movedim(-1, 1)


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(11, 9, 1, 1, 0)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(2, 11, 1, 3), w.reshape(3, 3, 1, 4)
    total = np.zeros((2, 9, 1, 4), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(2, 9, 4)


expected = reference(X, W)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
magnitude = reference(abs(X), abs(W))
terms = reference(np.ones_like(X), np.ones_like(W))
bound = np.minimum(terms, 0.25 * np.sqrt(terms) + 8.0) * 5.960464477539063e-08 * magnitude
bound += 0.00390625 * abs(expected) + terms * 4.591774807899561e-41
expected = expected.transpose(0, 2, 1)
bound = bound.transpose(0, 2, 1)

w2 = w.transpose(0, -1).contiguous()
y = F.conv_tbc(x.movedim(-1, 0).contiguous(), w2, w2.new_zeros(4), 0).movedim(0, -1)

assert y.dtype == torch.bfloat16, y.dtype
actual = y.detach().cpu().double().numpy()
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
