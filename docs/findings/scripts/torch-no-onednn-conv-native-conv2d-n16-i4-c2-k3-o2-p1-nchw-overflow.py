"""torch:no_onednn conv/native: 332 of 512 elements are wrong, such as inf where 1.96974974e+38 is
due (scattered)

Diagnosis: overflows early.

Convolve with ``F.conv*d``, its padding a number. 2-D: 16 images of 4x4 with 2 channels, 2
filters of 3x3, padding 1 on every side, output 4x4; float32, channels first, integers of which
about half of the sums overflow.

Known: NNPACK, by Winograd or FFT, subtracts sums that overflow: NaN where the result is a
number (not reported before)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch:no_onednn conv/native conv2d:n16_i4_c2_k3_o2_p1_nchw_overflow
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F

torch.backends.mkldnn.set_flags(False)


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 2762033885]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    odd = np.arange(values.size) % 2 % 2 if role else 0
    values = np.ldexp(abs(values) * (1.0 - 2.0 * odd), (56, 60, 56)[role])
    return values.reshape(shape)


X = drawn(0, (16, 4, 4, 2))
assert zlib.crc32(X.tobytes()) == 2752501257, "NumPy draws other numbers"
W = np.array([
    4.611686018427388e+18, -3.112888062438487e+19, 3.458764513820541e+19,
    -3.3434723633598562e+19, 3.458764513820541e+19, -2.8823037615171174e+19,
    1.152921504606847e+19, -2.997595911977802e+19, 3.458764513820541e+19,
    -8.070450532247929e+18, 1.152921504606847e+19, -3.458764513820541e+19,
    2.1905508587530093e+19, -1.7293822569102705e+19, 4.611686018427388e+18,
    -1.8446744073709552e+19, 1.152921504606847e+19, -2.8823037615171174e+19,
    2.305843009213694e+19, -1.2682136550675317e+19, 6.917529027641082e+18,
    -3.5740566642812256e+19, 3.458764513820541e+19, -2.305843009213694e+18,
    2.305843009213694e+18, -1.3835058055282164e+19, 2.305843009213694e+18,
    -3.5740566642812256e+19, 3.2281802128991715e+19, -3.2281802128991715e+19,
    2.305843009213694e+19, -2.1905508587530093e+19, 2.1905508587530093e+19,
    -1.8446744073709552e+19, 3.458764513820541e+19, -2.997595911977802e+19,
], np.float64).reshape(3, 3, 2, 2)
x = torch.from_numpy(np.ascontiguousarray(X.transpose(0, 3, 1, 2), np.float32))
w = torch.from_numpy(np.ascontiguousarray(W.transpose(3, 2, 0, 1), np.float32))
np.seterr(over="ignore")  # overflow is meant


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 3):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(4, 4, 1, 1, 1), (4, 4, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(16, 4, 4, 1, 2), w.reshape(3, 3, 2, 1, 2)
    total = np.zeros((16, 4, 4, 1, 2), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(16, 4, 4, 2)


expected = reference(X, W)
expected = (expected).astype(np.float32).astype(np.float64)
expected = expected.transpose(0, 3, 1, 2)

y = F.conv2d(x, w, None, (1, 1), (1, 1), (1, 1), 1)

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
