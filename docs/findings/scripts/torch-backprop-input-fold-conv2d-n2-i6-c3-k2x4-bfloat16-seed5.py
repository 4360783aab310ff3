"""torch backprop_input/fold: 61 of 216 elements are wrong, such as -10 where -12 is due (row > 0,
accumulates in bfloat16)

Diagnosis: accumulates in bfloat16.

Add up the windows ``w.T @ d_y`` with ``F.fold`` (1-D by a unit axis). 2-D: 2 images of 6x6 with
3 channels, 1 filter of 2x4, no padding, output 5x3; bfloat16, channels last, exact small
integers, seed 5.

Known: F.fold (col2im) adds overlapping windows in bfloat16 (not reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch backprop_input/fold conv2d:n2_i6_c3_k2x4_bfloat16_seed5
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [5, role, 3386985196]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    return values.reshape(shape)


X = drawn(0, (2, 6, 6, 3))
assert zlib.crc32(X.tobytes()) == 2027229640, "NumPy draws other numbers"
W = np.array([
    -21, 27, 10, -29, 17, 14, 12, 24, 21, -27, 22, -26,
    -26, -5, 22, 22, 21, 23, -6, -2, 3, -30, 32, 20,
], np.float64).reshape(2, 4, 3, 1)
DY = np.array([
    24, 7, -3, -26, 4, 29, 1, -24, 10, 6, -17, -13, 17, -16, -10,
    20, -20, 2, 25, 18, -27, -28, -20, 1, -13, -4, 8, -7, 25, -24,
], np.float64).reshape(2, 5, 3, 1)
x = torch.from_numpy(np.ascontiguousarray(X, np.float32)).bfloat16().movedim(-1, 1)
w = np.ascontiguousarray(W.transpose(3, 0, 1, 2), np.float32)
w = torch.from_numpy(w).bfloat16().movedim(-1, 1)
dy = torch.from_numpy(np.ascontiguousarray(DY, np.float32)).bfloat16().movedim(-1, 1)


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(2, 4):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(6, 5, 1, 1, 0), (6, 3, 1, 1, 0)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(dy, w):
    dy, w = dy.reshape(2, 5, 3, 1, 1), w.reshape(2, 4, 3, 1, 1)
    total = np.zeros((2, 6, 6, 1, 3), dy.dtype)
    for tap, reads, adds in taps():
        total[reads] += np.einsum("...go,cgo->...gc", dy[adds], w[tap])
    return total.reshape(2, 6, 6, 3)


expected = reference(DY, W)
unit = np.ldexp(1.0, np.maximum(np.frexp(expected)[1] - 1, -126) - 7)
expected = np.rint(expected / unit) * unit
expected = expected.transpose(0, 3, 1, 2)

columns = (w.reshape(1, 1, 24).mT @ dy.unflatten(1, (1, 1)).flatten(3)).flatten(1, 2)
dx = F.fold(columns, (6, 6), kernel_size=(2, 4), dilation=(1, 1), padding=(0, 0), stride=(1, 1))

assert dx.dtype == torch.bfloat16, dx.dtype
actual = dx.detach().cpu().double().numpy()
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
