"""torch:no_onednn conv/native: 141 of 16384 elements are wrong, such as nan where -inf is due
(scattered)

Convolve with ``F.conv*d``, its padding a number. 2-D: 16 images of 8x8 with 16 channels, 16
filters of 3x3, padding 1 on every side, output 8x8; float32, channels first, NaN and infinities
among small integers.

Known: NNPACK, by Winograd or FFT, spreads NaN and infinity over the outputs of a whole tile
(https://github.com/pytorch/pytorch/issues/157237)

Seen with torch 2.13.0+cpu, NumPy 2.4.6, Python 3.11.7,
Linux-6.18.44-fc-v669-x86_64-with-glibc2.36, AMD EPYC.

Found by: convergent repro torch:no_onednn conv/native
conv2d:n16_i8_c16_k3_o16_p1_nchw_nonfinite
"""

import math
import zlib

import numpy as np
import torch
import torch.nn.functional as F

torch.backends.mkldnn.set_flags(False)


def drawn(role, shape):
    """Return operand 0 (x), 1 (w) or 2 (dy), the same on every machine."""
    entropy = [0, role, 1774513571]
    generator = np.random.PCG64(np.random.SeedSequence(entropy))
    words = generator.random_raw(math.prod(shape))
    size = (words >> np.uint64(33)) % np.uint64(32) + np.uint64(1)
    values = np.where(words & np.uint64(1), -1.0, 1.0) * size.astype(np.float64)
    if role == 1:
        values[6::7] = 0
    elif values.size:
        places = np.arange(int(words[0]) % min(values.size, 24), values.size, 24)
        turns = np.arange(len(places)) + 0
        values[places] = np.take([np.nan, np.inf, -np.inf], turns, mode="wrap")
    return values.reshape(shape)


X = drawn(0, (16, 8, 8, 16))
assert zlib.crc32(X.tobytes()) == 792377015, "NumPy draws other numbers"
W = drawn(1, (3, 3, 16, 16))
assert zlib.crc32(W.tobytes()) == 2580261901, "NumPy draws other numbers"
x = torch.from_numpy(np.ascontiguousarray(X.transpose(0, 3, 1, 2), np.float32))
w = torch.from_numpy(np.ascontiguousarray(W.transpose(3, 2, 0, 1), np.float32))
np.seterr(invalid="ignore")  # NaN is meant


def taps():
    """Yield each tap, the places of the image it reads, the outputs it adds to."""
    for tap in np.ndindex(3, 3):
        reads, adds = [slice(None)], [slice(None)]
        for t, (size, out, stride, dilation, before) in zip(tap, [(8, 8, 1, 1, 1), (8, 8, 1, 1, 1)]):
            start = t * dilation - before
            first = max(0, -(start // stride))
            last = max(first, min(out, (size - 1 - start) // stride + 1))
            adds.append(slice(first, last))
            reads.append(slice(start + first * stride, start + last * stride, stride)
                         if last > first else slice(0, 0))
        yield tap, tuple(reads), tuple(adds)


def reference(x, w):
    x, w = x.reshape(16, 8, 8, 1, 16), w.reshape(3, 3, 16, 1, 16)
    total = np.zeros((16, 8, 8, 1, 16), x.dtype)
    for tap, reads, adds in taps():
        total[adds] += np.einsum("...gc,cgo->...go", x[reads], w[tap])
    return total.reshape(16, 8, 8, 16)


expected = reference(X, W)
expected = (expected).astype(np.float32).astype(np.float64)
nan_too = np.zeros(expected.shape, bool)
expected = expected.transpose(0, 3, 1, 2)
nan_too = nan_too.transpose(0, 3, 1, 2)

y = F.conv2d(x, w, None, (1, 1), (1, 1), (1, 1), 1)

assert y.dtype == torch.float32, y.dtype
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
