"""Convolution as a fully connected layer: sparse matrices ``A`` and ``C`` with shared weights.

``y = A_w x`` and ``y = C_x w`` with every array flattened in canonical order. Built from
Kronecker products of one small matrix per axis, so they share nothing with the oracle's im2col.
Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016), 4.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convergent.cases.case import Case
from convergent.cases.dtypes import Float64


def input_matrix(case: Case, w: Float64) -> Any:
    """Return ``A`` of ``y = A x`` as a sparse matrix of shape ``(y.size, x.size)``.

    ``w (*kernel, C/G, O)`` holds the filter. ``A`` is the Jacobian of ``conv`` with respect to
    its input; its transpose maps ``d_y`` to ``d_x`` and is the transposed convolution.
    """
    from scipy import sparse

    # Without a format kron stores dense blocks, whose zeros would meet NaN and infinity; and a sum
    # of matrices loses the zeros of the filter, which must.
    terms = [
        sparse.kron(_reads(case, tap), _mixes(case, w[tap]), "coo")
        for tap in np.ndindex(*case.kernel)
    ]
    places = (np.concatenate([getattr(t, axis) for t in terms]) for axis in ("row", "col"))
    values = np.concatenate([t.data for t in terms])
    one = sparse.coo_matrix((values, tuple(places)), terms[0].shape)
    return sparse.kron(sparse.eye(case.batch), one, "csr")


def filter_matrix(case: Case, x: Float64) -> Any:
    """Return ``C`` of ``y = C w`` as a sparse matrix of shape ``(y.size, w.size)``.

    ``x (N, *input, C)`` holds the image. ``C`` is the Jacobian of ``conv`` with respect to its
    filter; its transpose maps ``d_y`` to ``d_w``.
    """
    from scipy import sparse

    pixels = x.reshape(math.prod(x.shape[:-1]), case.in_channels)
    taps = [_every_sample(case, tap) @ pixels for tap in np.ndindex(*case.kernel)]
    return sparse.hstack([_shared_by_outputs(case, seen) for seen in taps], "csr")


def transpose_filter_matrix(case: Case, dy: Float64) -> Any:
    """Return the matrix of ``w -> A_w^T d_y``, sparse, of shape ``(x.size, w.size)``.

    ``dy (N, *output, O)`` is the input of the transposed convolution, whose Jacobian with respect
    to its filter this is.
    """
    from scipy import sparse

    pixels = dy.reshape(math.prod(dy.shape[:-1]), case.out_channels)
    taps = [_every_sample(case, tap).T @ pixels for tap in np.ndindex(*case.kernel)]
    return sparse.hstack([_shared_by_inputs(case, seen) for seen in taps], "csr")


def _reads(case: Case, tap: tuple[int, ...]) -> Any:
    """Return which place of the image each output sees through ``tap``: 1 there, 0 elsewhere."""
    from scipy import sparse

    product: Any = sparse.eye(1)
    for axis, t in enumerate(tap):
        outputs = np.arange(case.output[axis])
        places = outputs * case.stride[axis] + t * case.dilation[axis] - case.pads[axis][0]
        inside = (places >= 0) & (places < case.input[axis])
        shape = (case.output[axis], case.input[axis])
        ones = np.ones(np.count_nonzero(inside))
        product = sparse.kron(
            product, sparse.coo_matrix((ones, (outputs[inside], places[inside])), shape), "coo"
        )
    return product.tocsr()


def _every_sample(case: Case, tap: tuple[int, ...]) -> Any:
    from scipy import sparse

    return sparse.kron(sparse.eye(case.batch), _reads(case, tap), "csr")


def _mixes(case: Case, taps: Float64) -> Any:
    """Return the ``(O, C)`` matrix by which one tap mixes channels: a block per group."""
    from scipy import sparse

    o, c = np.indices(taps.T.shape)
    columns = _group_of(case, o) * len(taps) + c
    shape = (case.out_channels, case.in_channels)
    return sparse.coo_matrix((taps.T.ravel(), (o.ravel(), columns.ravel())), shape)


def _shared_by_outputs(case: Case, seen: Float64) -> Any:
    """Return the columns of ``C`` for one tap: row ``(place, o)``, column ``(c in group, o)``."""
    from scipy import sparse

    places, per_group = len(seen), case.in_channels // case.groups
    o, c, place = np.meshgrid(
        np.arange(case.out_channels), np.arange(per_group), np.arange(places), indexing="ij"
    )
    values = seen[place, _group_of(case, o) * per_group + c]
    rows, columns = place * case.out_channels + o, c * case.out_channels + o
    shape = (places * case.out_channels, per_group * case.out_channels)
    return sparse.coo_matrix((values.ravel(), (rows.ravel(), columns.ravel())), shape)


def _shared_by_inputs(case: Case, seen: Float64) -> Any:
    """Return one tap's columns: row ``(place, c)``, column ``(c in group, o)``."""
    from scipy import sparse

    places, per_group = len(seen), case.in_channels // case.groups
    o, c, place = np.meshgrid(
        np.arange(case.out_channels), np.arange(per_group), np.arange(places), indexing="ij"
    )
    rows = place * case.in_channels + _group_of(case, o) * per_group + c
    columns = c * case.out_channels + o
    shape = (places * case.in_channels, per_group * case.out_channels)
    return sparse.coo_matrix((seen[place, o].ravel(), (rows.ravel(), columns.ravel())), shape)


def _group_of(case: Case, o: Any) -> Any:
    return o // (case.out_channels // case.groups)
