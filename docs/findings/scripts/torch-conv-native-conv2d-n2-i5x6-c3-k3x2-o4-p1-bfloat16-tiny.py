"""torch conv/native: 280 of 280 elements are wrong, such as 0 where 8.30557289e-34 is due
(everywhere, takes subnormal operands for zero)

Diagnosis: takes subnormal operands for zero or all zeros.

Convolve with ``F.conv*d``, its padding a number. 2-D: 2 images of 5x6 with 3 channels, 4
filters of 3x2, padding 1 on every side, output 5x7; bfloat16, channels last, subnormal images,
large filters.

Known: the dot product of AVX512-BF16 takes subnormal numbers for zero, and gives none
(https://github.com/llvm/llvm-project/pull/90425)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch conv/native conv2d:n2_i5x6_c3_k3x2_o4_p1_bfloat16_tiny
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 2665936032]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    values = np.ldexp(values, 12 if role == 1 else -133)
    return values.reshape(shape)


X = drawn(0, (2, 5, 6, 3))
assert zlib.crc32(X.tobytes()) == 3329456395, "NumPy draws other numbers"
W = drawn(1, (3, 2, 3, 4))
assert zlib.crc32(W.tobytes()) == 507244230, "NumPy draws other numbers"
x = np.ascontiguousarray(X, np.float32)
x = torch.from_numpy((x.view(np.uint32) >> 16).astype(np.int16)).view(torch.bfloat16).movedim(-1, 1)
w = np.ascontiguousarray(W.transpose(3, 0, 1, 2), np.float32)
w = torch.from_numpy((w.view(np.uint32) >> 16).astype(np.int16)).view(torch.bfloat16).movedim(-1, 1)


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 2):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(5, 5, 1, 1, 1), (6, 7, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(2, 5, 6, 1, 3), w.reshape(3, 2, 3, 1, 4)
    total = np.zeros((2, 5, 7, 1, 4), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(2, 5, 7, 4)


expected = reference(X, W)
unit = np.ldexp(1.0, np.maximum(np.frexp(expected)[1] - 1, -126) - 7)
expected = np.rint(expected / unit) * unit
expected = expected.transpose(0, 3, 1, 2)

y = F.conv2d(x, w, None, (1, 1), (1, 1), (1, 1), 1)

assert y.dtype == torch.bfloat16, y.dtype
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
