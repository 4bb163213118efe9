"""Random chains of layers, each with its dense matrix made by loops and not by the library."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf

Array = npt.NDArray[Any]
DTYPES = (np.float32, np.float64, np.complex64, np.complex128)


@dataclass(frozen=True)
class Drawn:
    """A layer and the matrix that it should be."""

    layer: cf.layers.Layer
    dense: Array


@dataclass(frozen=True)
class DrawnChain:
    """A linear network and the matrix that it should be."""

    parts: tuple[Drawn, ...]

    @property
    def net(self) -> cf.Network:
        return cf.Network([part.layer for part in self.parts])

    @property
    def dense(self) -> Array:
        product = self.parts[0].dense
        for part in self.parts[1:]:
            product = part.dense @ product
        return product


def small_integers(shape: tuple[int, ...], dtype: Any) -> st.SearchStrategy[Array]:
    """Arrays of small integers, half of them zero: products of a few are exact in every dtype."""
    parts = hnp.arrays(np.int8, shape, elements=st.sampled_from([0, 0, 0, 1, -1, 2]))
    if np.dtype(dtype).kind != "c":
        return parts.map(lambda array: array.astype(dtype))
    return st.tuples(parts, parts).map(lambda both: (both[0] + 1j * both[1]).astype(dtype))


@st.composite
def chains(draw: st.DrawFn, max_layers: int = 4, dtypes: Any = DTYPES) -> DrawnChain:
    """Draw a linear network of one to `max_layers` layers."""
    width = draw(st.integers(0, 8))
    parts = []
    for _ in range(draw(st.integers(1, max_layers))):
        kinds = [sparse_layers, permutations, passthroughs]
        if width:
            kinds += [kroneckers, convolutions]
        part = draw(draw(st.sampled_from(kinds))(width, draw(st.sampled_from(dtypes))))
        parts.append(part)
        width = part.dense.shape[0]
    return DrawnChain(tuple(parts))


@st.composite
def sparse_layers(draw: st.DrawFn, width: int, dtype: Any) -> Drawn:
    dense = draw(small_integers((draw(st.integers(0, 8)), width), dtype))
    make = draw(
        st.sampled_from([sparse.csr_array, sparse.csc_matrix, sparse.coo_array, np.asarray])
    )
    return Drawn(cf.Sparse(make(dense)), dense)


@st.composite
def permutations(draw: st.DrawFn, width: int, dtype: Any) -> Drawn:
    order = draw(st.permutations(range(width)))
    dense = np.zeros((width, width), dtype)
    for row, column in enumerate(order):
        dense[row, column] = 1
    return Drawn(cf.Permutation(np.array(order, dtype=int), dtype=dtype), dense)


@st.composite
def passthroughs(draw: st.DrawFn, width: int, dtype: Any) -> Drawn:
    taken = draw(st.integers(0, width))
    inner = draw(sparse_layers(taken, dtype))
    outputs, wires = inner.dense.shape[0], width - taken
    dense = np.zeros((outputs + wires, width), dtype)
    dense[:outputs, :taken] = inner.dense
    for wire in range(wires):
        dense[outputs + wire, taken + wire] = 1
    return Drawn(cf.layers.PassThrough(inner.layer, wires), dense)


@st.composite
def kroneckers(draw: st.DrawFn, width: int, dtype: Any) -> Drawn:
    a, c, d = draw(
        st.sampled_from(
            [t for t in itertools.product(range(1, width + 1), repeat=3) if np.prod(t) == width]
        )
    )
    b = draw(st.integers(1, 3))
    values = draw(small_integers((a, b, c, d), dtype))
    dense = np.zeros((a * b * d, a * c * d), dtype)
    for ia, ib, ic, id_ in np.ndindex(a, b, c, d):
        dense[(ia * b + ib) * d + id_, (ia * c + ic) * d + id_] = values[ia, ib, ic, id_]
    return Drawn(cf.KroneckerSparse((a, b, c, d), values), dense)


@st.composite
def convolutions(draw: st.DrawFn, width: int, dtype: Any) -> Drawn:
    taps = draw(small_integers((draw(st.integers(1, width)),), dtype))
    dense = np.zeros((width, width), dtype)
    for column in range(width):
        for offset, weight in enumerate(taps):
            dense[(column + offset) % width, column] += weight
    return Drawn(cf.Convolution(taps, (width,), mode="circular"), dense)
