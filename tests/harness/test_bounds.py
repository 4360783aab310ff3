"""The bounds as properties: no order of summation of any numbers passes the deterministic one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convergent.backends.expected import Expected
from convergent.harness import bounds

# Up to eight terms c(n) is n: the bound holds for every input, not only with high probability.
TERMS = st.integers(1, 8)
FLOATS = st.floats(-1e3, 1e3, width=32, allow_subnormal=False)


@given(st.data(), TERMS)
def test_every_order_of_float32_summation_stays_within_the_bound(draw, n):
    x, w = (draw.draw(arrays.arrays(np.float32, n, elements=FLOATS)) for _ in range(2))
    order = draw.draw(st.permutations(range(n)))
    total = np.float32(0)
    for i in order:
        total = np.float32(total + np.float32(x[i] * w[i]))
    wide = x.astype(np.float64), w.astype(np.float64)
    expected = Expected(
        value=np.array([wide[0] @ wide[1]]),
        magnitude=np.array([np.abs(wide[0]) @ np.abs(wide[1])]),
        terms=np.array([n]),
    )
    assert abs(float(total) - expected.value[0]) <= bounds.bound(expected, "float32")[0]


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_more_terms_never_have_a_smaller_bound(fewer, more):
    fewer, more = sorted((fewer, more))
    assert bounds.growth(np.array([fewer]))[0] <= bounds.growth(np.array([more]))[0] <= more


@given(st.sampled_from(["float64", "float32", "float16", "bfloat16"]), st.floats(0, 1e4))
def test_every_wider_bound_is_wider(dtype, magnitude):
    expected = Expected(
        value=np.array([magnitude / 2]), magnitude=np.array([magnitude]), terms=np.array([20])
    )
    limit = bounds.bound(expected, dtype)
    for exact in (True, False):
        for model in bounds.models(expected, dtype, limit, exact=exact):
            assert (model.limit >= limit).all(), model.name


def test_where_nothing_is_summed_no_model_gives_room():
    none = Expected(value=np.zeros(2), magnitude=np.array([0.0, 9.0]), terms=np.array([0, 9]))
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        limit = bounds.bound(none, dtype)
        for model in bounds.models(none, dtype, limit, exact=False):
            assert model.limit[0] == 0, model.name
