"""torch:no_onednn transpose/native: 21 of 192 elements are wrong, such as -0.0078125 where
-0.0096912384 is due (row 1 to 2, column 1 to 4, accumulates in bfloat16)

Diagnosis: accumulates in bfloat16.

Call ``F.conv_transpose*d`` with ``output_padding``. 2-D: 2 images of 4x6 with 4 channels, 3
filters of 3x4, padding 0 before and 0 after x -1 before and -1 after, output 2x1; bfloat16,
channels first, normal data, seed 8.

Known: col2im and the sum over samples add in bfloat16 where oneDNN has no kernel (no AVX512)
(not reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch:no_onednn transpose/native
conv2d:n2_i4x6_c4_k3x4_o3_p0x-1_bfloat16_nchw_normal_seed8
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F

torch.backends.mkldnn.set_flags(False)


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [8, role, 3136657877]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(12 * math.prod(shape)).reshape(12, *shape)
    total = np.zeros(shape)
    for row in words:
        total += (row >> np.uint64(11)) * 2.0**-53
    values = total - 6
    unit = np.ldexp(1.0, np.maximum(np.frexp(values)[1] - 1, -126) - 7)
    values = np.rint(values / unit) * unit
    return values


W = drawn(1, (3, 4, 4, 3))
assert zlib.crc32(W.tobytes()) == 2510665597, "NumPy draws other numbers"
DY = np.array([
    0.267578125, 0.2470703125, 1, 0.73828125, -0.07666015625, -0.84375,
    0.9140625, -1.234375, 0.314453125, -0.265625, -1.125, -0.388671875,
], np.float64).reshape(2, 2, 1, 3)
w = torch.from_numpy(np.ascontiguousarray(W.transpose(3, 2, 0, 1), np.float32)).bfloat16()
dy = torch.from_numpy(np.ascontiguousarray(DY.transpose(0, 3, 1, 2), np.float32)).bfloat16()


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 4):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(4, 2, 1, 1, 0), (6, 1, 1, 1, -1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(dy, w):
    dy, w = dy.reshape(2, 2, 1, 1, 3), w.reshape(3, 4, 4, 1, 3)
    total = np.zeros((2, 4, 6, 1, 4), dy.dtype)
    for tap, reads, adds in taps():
        total[reads] += np.einsum("...go,cgo->...gc", dy[adds], w[tap])
    return total.reshape(2, 4, 6, 4)


expected = reference(DY, W)
# What rounding may come to: c(n) u sum|x||w| + u |expected| + n eta.
magnitude = reference(abs(DY), abs(W))
terms = reference(np.ones_like(DY), np.ones_like(W))
bound = np.minimum(terms, 0.25 * np.sqrt(terms) + 8.0) * 5.960464477539063e-08 * magnitude
bound += 0.00390625 * abs(expected) + terms * 4.591774807899561e-41
expected = expected.transpose(0, 3, 1, 2)
bound = bound.transpose(0, 3, 1, 2)

dx2 = F.conv_transpose2d(dy, w, None, (1, 1), (0, 0), (0, 0), 1, (1, 1))
dx = F.pad(dx2, [1, 1, 0, 0])

assert dx.dtype == torch.bfloat16, dx.dtype
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
