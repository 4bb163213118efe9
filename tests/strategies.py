"""Hypothesis strategies for layers and for chains of layers that fit together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from cheapfast.layers import (
    Convolution,
    FourierValues,
    KroneckerSparse,
    Layer,
    PassThrough,
    Permutation,
    Sparse,
)

DTYPES = ("float32", "float64", "complex64", "complex128")


def divisors(n: int) -> list[int]:
    """All divisors of n >= 1, ascending."""
    return [k for k in range(1, n + 1) if n % k == 0]


def rngs() -> st.SearchStrategy[np.random.Generator]:
    """Generators with a drawn seed: arrays shrink badly, seeds do not matter."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


@st.composite
def weights(draw: Any, shape: tuple[int, ...], zeros: bool = False) -> np.ndarray:
    """Small integers of any dtype, so that sums are exact; without zeros unless asked."""
    rng = draw(rngs())
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    values = rng.integers(1, 5, shape) * rng.choice([-1, 1], shape)
    result = values.astype(dtype)
    if dtype.kind == "c":
        result += 1j * rng.integers(-4, 5, shape)
    if zeros:
        result[rng.random(shape) < draw(st.floats(0, 1))] = 0
    return result


@st.composite
def sparse_matrices(draw: Any, rows: int, columns: int) -> sparse.csr_array:
    """CSR with int32 or int64 indices; every so often full, empty or diagonal."""
    dense = draw(weights((rows, columns), zeros=True))
    if draw(st.integers(0, 9)) == 0:
        dense = np.eye(rows, columns, dtype=dense.dtype)
    matrix = sparse.csr_array(dense)
    if draw(st.booleans()):
        matrix.indices = matrix.indices.astype(np.int64)
        matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


@st.composite
def sparse_layers(draw: Any, inputs: int, max_size: int = 12) -> Sparse:
    """Sparse layers with a given number of inputs."""
    rows = draw(st.integers(0, max_size))
    return Sparse(draw(sparse_matrices(rows, inputs)))


@st.composite
def kronecker_layers(draw: Any, inputs: int, max_size: int = 3) -> KroneckerSparse:
    """Kronecker-sparse layers, values tied along drawn axes, sometimes with zeros."""
    a = draw(st.sampled_from(divisors(inputs)))
    c = draw(st.sampled_from(divisors(inputs // a)))
    d = inputs // (a * c)
    if draw(st.booleans()):
        values = FourierValues(c, d, draw(st.sampled_from([-1, 1])))
        return KroneckerSparse((a, c, c, d), values)
    b = draw(st.integers(1, max_size))
    tied = tuple(1 if draw(st.booleans()) else size for size in (a, b, c, d))
    zeros = draw(st.integers(0, 4)) == 0
    return KroneckerSparse((a, b, c, d), draw(weights(tied, zeros=zeros)))


@st.composite
def permutation_layers(draw: Any, inputs: int) -> Permutation:
    """Permutations: by indices, or of digits."""
    if draw(st.booleans()):
        return Permutation(draw(st.permutations(range(inputs))))
    radices, rest = [], inputs
    while rest > 1:
        radices.append(draw(st.sampled_from(divisors(rest)[1:])))
        rest //= radices[-1]
    return Permutation.digit_reversal(radices)


@st.composite
def convolution_layers(draw: Any, inputs: int, max_kernel: int = 4) -> Convolution:
    """Convolutions in one or two dimensions, all modes, kernels with and without zeros."""
    first = draw(st.sampled_from(divisors(inputs)))
    shape = draw(st.sampled_from([(inputs,), (first, inputs // first)]))
    mode = draw(st.sampled_from(["circular", "full", "same", "valid"]))
    kernel_shape = tuple(draw(st.integers(1, max_kernel)) for _ in shape)
    if mode == "valid":
        kernel_shape = tuple(min(k, n) for k, n in zip(kernel_shape, shape, strict=True))
    kernel = draw(weights(kernel_shape, zeros=draw(st.booleans())))
    return Convolution(kernel, shape, mode)


@st.composite
def layers(draw: Any, inputs: int, max_size: int = 12) -> Layer:
    """Any linear layer with a given number of inputs."""
    kinds = [sparse_layers(inputs, max_size)]
    if inputs:
        kinds += [
            kronecker_layers(inputs),
            permutation_layers(inputs),
            convolution_layers(inputs),
        ]
    if inputs > 1:
        width = draw(st.integers(1, inputs - 1))
        kinds.append(layers(inputs - width, max_size).map(lambda layer: PassThrough(layer, width)))
    return draw(st.one_of(kinds))


@st.composite
def chains(
    draw: Any, max_length: int = 6, max_inputs: int = 24, max_outputs: int = 200
) -> list[Layer]:
    """Layers in data-flow order that fit together."""
    width = draw(st.integers(0, max_inputs))
    chain: list[Layer] = []
    for _ in range(draw(st.integers(1, max_length))):
        layer = draw(layers(width))
        if chain and layer.shape[0] > max_outputs:
            break
        chain.append(layer)
        width = layer.shape[0]
    return chain


def size(shape: tuple[int, ...]) -> int:
    """Number of entries."""
    return math.prod(shape)
