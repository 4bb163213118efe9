"""One contract, every linear layer.

A new kind of layer adds one line to `LAYERS`: a builder that takes a dtype and a bias (or None) and
returns the layer and the dense matrix that it stands for.
"""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import references
from cheapfast.layers import (
    Convolution,
    FourierValues,
    KroneckerSparse,
    Operator,
    PassThrough,
    Permutation,
    Sparse,
    layer_from_state,
    registry,
)
from strategies import DTYPES, layers


def random_weights(shape, dtype, zeros=0.0):
    rng = np.random.default_rng(math.prod(shape) + 1)
    values = rng.uniform(0.5, 2.0, shape) * rng.choice([-1, 1], shape)
    if np.dtype(dtype).kind == "c":
        values = values * np.exp(1j * rng.uniform(0, 6, shape))
    values[rng.random(shape) < zeros] = 0
    return values.astype(dtype)


def sparse_layer(dtype, bias, shape=(7, 5)):
    dense = random_weights(shape, dtype, zeros=0.6)
    return Sparse(sparse.csr_array(dense), bias), dense


def sparse_int64(dtype, bias):
    dense = random_weights((7, 5), dtype, zeros=0.6)
    matrix = sparse.csr_array(dense)
    matrix.indices, matrix.indptr = matrix.indices.astype("i8"), matrix.indptr.astype("i8")
    return Sparse(matrix, bias), dense


def kronecker_layer(dtype, bias, pattern=(2, 3, 2, 2), tied=None, zeros=0.0):
    values = random_weights(tied or pattern, dtype, zeros)
    return KroneckerSparse(pattern, values, bias), references.kronecker_sparse(pattern, values)


def fourier_layer(dtype, bias):
    values = FourierValues(3, 4, dtype=dtype)
    dense = references.kronecker_sparse((2, 3, 3, 4), values.materialize())
    return KroneckerSparse((2, 3, 3, 4), values, bias), dense


def permutation_layer(dtype, bias):
    indices = np.random.default_rng(0).permutation(9)
    dense = references.permutation_matrix(indices).astype(dtype)
    return Permutation(indices, dtype, bias), dense


def reversal_layer(dtype, bias):
    layer = Permutation.digit_reversal((2, 3, 2), dtype)
    dense = references.permutation_matrix(references.digit_reversal((2, 3, 2))).astype(dtype)
    return layer if bias is None else Permutation.from_map(layer.permutation, dtype, bias), dense


def convolution_layer(dtype, bias, kernel=(2, 3), shape=(4, 5), mode="full", zeros=0.0):
    weights = random_weights(kernel, dtype, zeros)
    layer = Convolution(weights, shape, mode, bias)
    return layer, references.convolution_matrix(weights, shape, mode)


def passthrough_layer(dtype, bias):
    inner, dense = sparse_layer(dtype, None if bias is None else bias[:7])
    return PassThrough(inner, 3), references.block_diagonal(dense, np.eye(3, dtype=dtype))


def operator_layer(dtype, bias):
    dense = random_weights((4, 6), dtype)
    return Operator(dense, bias), dense


def plain(builder, **options):
    return lambda dtype, bias: builder(dtype, bias, **options)


LAYERS = {
    "sparse": sparse_layer,
    "sparse, int64 indices": sparse_int64,
    "sparse, empty": plain(sparse_layer, shape=(0, 0)),
    "sparse, no rows": plain(sparse_layer, shape=(0, 3)),
    "sparse, no columns": plain(sparse_layer, shape=(3, 0)),
    "sparse, 1x1": plain(sparse_layer, shape=(1, 1)),
    "sparse, one row": plain(sparse_layer, shape=(1, 9)),
    "kronecker": kronecker_layer,
    "kronecker, tied": plain(kronecker_layer, tied=(1, 3, 2, 1)),
    "kronecker, tied along c": plain(kronecker_layer, tied=(2, 3, 1, 2)),
    "kronecker, long sums": plain(kronecker_layer, pattern=(2, 3, 40, 2)),
    "kronecker, long tied sums": plain(kronecker_layer, pattern=(2, 3, 40, 2), tied=(1, 1, 40, 1)),
    "kronecker, zeros": plain(kronecker_layer, zeros=0.5),
    "kronecker, tied zeros": plain(kronecker_layer, tied=(1, 3, 2, 1), zeros=0.5),
    "kronecker, empty": plain(kronecker_layer, pattern=(0, 2, 2, 2)),
    "kronecker, no inputs": plain(kronecker_layer, pattern=(2, 2, 0, 2)),
    "kronecker, 1x1": plain(kronecker_layer, pattern=(1, 1, 1, 1)),
    "fourier": fourier_layer,
    "permutation": permutation_layer,
    "digit reversal": reversal_layer,
    "convolution, full": convolution_layer,
    "convolution, same": plain(convolution_layer, mode="same"),
    "convolution, valid": plain(convolution_layer, mode="valid"),
    "convolution, circular": plain(convolution_layer, mode="circular"),
    "convolution, zeros": plain(convolution_layer, kernel=(3, 3), zeros=0.5),
    "convolution, 1-d": plain(convolution_layer, kernel=(3,), shape=(9,), mode="same"),
    "convolution, long": plain(convolution_layer, kernel=(70,), shape=(90,), mode="same"),
    "convolution, long circular": plain(
        convolution_layer, kernel=(9, 9), shape=(9, 11), mode="circular"
    ),
    "convolution, one input": plain(convolution_layer, kernel=(3,), shape=(1,)),
    "pass-through": passthrough_layer,
    "operator": operator_layer,
}
WRITTEN = [name for name in LAYERS if name != "operator"]

every_layer = pytest.mark.parametrize("name", LAYERS)
every_written_layer = pytest.mark.parametrize("name", WRITTEN)


def cases(names):
    """Every layer in every dtype that it has."""
    pairs = [(n, d) for n in names for d in DTYPES if n != "fourier" or d.startswith("complex")]
    return pytest.mark.parametrize(("name", "dtype"), pairs)


def tolerance(dtype, terms):
    """Rounding of a sum of `terms` products of numbers below 2; 64 leaves room for the FFT."""
    return 64 * np.finfo(dtype).eps * max(terms, 1)


def columns(inputs, k, dtype):
    return random_weights((inputs, k), dtype)


@cases(LAYERS)
@pytest.mark.parametrize("x_dtype", DTYPES)
@pytest.mark.parametrize("k", [0, 1, 3])
def test_apply_equals_dense(name, dtype, x_dtype, k):
    layer, dense = LAYERS[name](dtype, None)
    X = columns(layer.shape[1], k, x_dtype)
    before = X.copy()
    Y = layer.apply(X)
    assert layer.shape == dense.shape
    assert layer.dtype == dtype
    assert Y.dtype == np.result_type(np.dtype(dtype), np.dtype(x_dtype))
    assert Y.shape == (layer.shape[0], k)
    assert not np.shares_memory(Y, X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(Y, dense @ X, rtol=0, atol=tolerance(Y.dtype, layer.shape[1]))


@every_layer
@pytest.mark.parametrize("layout", ["F", "strided", "read-only"])
def test_any_layout_of_X(name, layout):
    layer, dense = LAYERS[name]("complex128", None)
    X = columns(layer.shape[1], 4, "complex128")
    if layout == "F":
        X = np.asfortranarray(X)
    elif layout == "strided":
        wide = np.zeros((2 * X.shape[0], 2 * X.shape[1]), X.dtype)
        wide[::2, ::2] = X
        X = wide[::2, ::2]
    else:
        X.flags.writeable = False
    np.testing.assert_allclose(
        layer.apply(X), dense @ X, rtol=0, atol=tolerance("float64", layer.shape[1])
    )


@cases(LAYERS)
def test_adjoint_dot_test(name, dtype):
    layer, _ = LAYERS[name](dtype, None)
    rows, inputs = layer.shape
    u, v = columns(inputs, 1, dtype), columns(rows, 1, dtype)
    left = np.vdot(layer.apply(u), v)
    right = np.vdot(u, layer.H.apply(v))
    # Each side sums at most rows * inputs products below 8.
    np.testing.assert_allclose(left, right, rtol=0, atol=8 * tolerance(dtype, rows * inputs))


@every_layer
def test_transposes_equal_dense(name):
    layer, dense = LAYERS[name]("complex128", None)
    X = columns(layer.shape[0], 2, "complex128")
    atol = tolerance("float64", layer.shape[0])
    for turned, matrix in ((layer.T, dense.T), (layer.H, dense.conj().T)):
        assert turned.shape == matrix.shape
        np.testing.assert_allclose(turned.apply(X), matrix @ X, rtol=0, atol=atol)
    if name != "operator":
        assert layer == layer.T.T
        assert layer == layer.H.H


@cases(LAYERS)
def test_bias(name, dtype):
    layer, dense = LAYERS[name](dtype, None)
    bias = random_weights((layer.shape[0],), dtype)
    biased, _ = LAYERS[name](dtype, bias)
    expected = np.array(bias)
    if name == "pass-through":
        expected[7:] = 0  # the wires have none
    X = columns(layer.shape[1], 2, dtype)
    np.testing.assert_allclose(
        biased.apply(X), dense @ X + expected[:, None], rtol=0, atol=tolerance(dtype, X.shape[0])
    )
    np.testing.assert_array_equal(biased.bias, expected)
    assert biased.bias.dtype == dtype
    assert "bias" in repr(biased)
    for operation in ("T", "H"):
        with pytest.raises(ValueError, match="bias"):
            getattr(biased, operation)
    if layer.shape[0]:
        bias[0] = 99  # the caller's array is copied
        assert biased.bias[0] != 99
        with pytest.raises(ValueError, match="read-only"):
            biased.bias[0] = 0


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "pass-through"])
def test_wrong_bias(name):
    outputs = LAYERS[name]("float64" if name != "fourier" else "complex128", None)[0].shape[0]
    dtype = "complex128" if name == "fourier" else "float64"
    with pytest.raises(ValueError, match=r"bias must have shape"):
        LAYERS[name](dtype, np.ones(outputs + 1))
    with pytest.raises(ValueError, match=r"bias must have 1 dimension"):
        LAYERS[name](dtype, np.ones((outputs, 1)))
    if dtype == "float64":
        with pytest.raises(TypeError, match=r"bias must be real"):
            LAYERS[name](dtype, np.ones(outputs, complex))


@cases(WRITTEN)
def test_to_csr_equals_dense(name, dtype):
    layer, dense = LAYERS[name](dtype, None)
    matrix = layer.to_csr()
    assert isinstance(matrix, sparse.csr_array)
    assert matrix.shape == dense.shape
    assert matrix.dtype == dtype
    assert matrix.has_canonical_format
    assert np.count_nonzero(matrix.data) == matrix.nnz
    np.testing.assert_array_equal(matrix.toarray(), dense)
    matrix.data[:] = 7  # a copy: the layer does not change
    np.testing.assert_array_equal(layer.to_csr().toarray(), dense)


@every_written_layer
def test_support_equals_the_nonzeros(name):
    layer, dense = LAYERS[name]("complex128", None)
    written = layer.support.to_csr()
    pattern = references.csr_pattern(written.shape, written.indptr, written.indices)
    np.testing.assert_array_equal(pattern, references.pattern_of(dense))
    assert layer.support.nnz == pattern.sum()
    wires = 3 if name == "pass-through" else 0
    assert layer.synapses == pattern.sum() - wires


@every_written_layer
def test_int_counts(name):
    layer, _ = LAYERS[name]("complex128", None)
    for count in (layer.synapses, layer.support.nnz, *layer.shape):
        assert type(count) is int


@every_written_layer
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("way", ["pickle", "deepcopy", "copy", "state"])
def test_round_trips(name, with_bias, way):
    layer, _ = LAYERS[name]("complex64", None)
    if with_bias:
        layer, _ = LAYERS[name]("complex64", random_weights((layer.shape[0],), "complex64"))
    twin = {
        "pickle": lambda: pickle.loads(pickle.dumps(layer)),
        "deepcopy": lambda: copy.deepcopy(layer),
        "copy": lambda: copy.copy(layer),
        "state": lambda: layer_from_state(layer.kind, layer.state()),
    }[way]()
    assert type(twin) is type(layer)
    assert twin == layer
    assert hash(twin) == hash(layer)
    assert repr(twin) == repr(layer)
    X = columns(layer.shape[1], 2, "complex64")
    np.testing.assert_array_equal(twin.apply(X), layer.apply(X))


@every_written_layer
def test_state_holds_plain_data(name):
    def check(value):
        if isinstance(value, tuple):
            for part in value:
                check(part)
        elif isinstance(value, np.ndarray):
            assert value.dtype.kind in "iufc"
        else:
            assert type(value) in (int, str)

    for key, value in LAYERS[name]("complex64", None)[0].state().items():
        assert type(key) is str
        check(value)


@cases(LAYERS)
def test_astype(name, dtype):
    layer, dense = LAYERS[name](dtype, None)
    assert layer.astype(dtype) is layer
    for other in DTYPES:
        if np.dtype(dtype).kind == "c" and np.dtype(other).kind != "c":
            with pytest.raises(TypeError, match="complex"):
                layer.astype(other)
            continue
        changed = layer.astype(other)
        assert changed.dtype == other
        X = columns(layer.shape[1], 1, other)
        eps = max(np.finfo(dtype).eps, np.finfo(other).eps)
        np.testing.assert_allclose(
            changed.apply(X), dense @ X, rtol=0, atol=64 * eps * max(layer.shape[1], 1)
        )
    for wrong in ("int64", "float16", "longdouble", "O"):
        with pytest.raises(TypeError, match="dtype must be"):
            layer.astype(wrong)


@every_layer
def test_wrong_X(name):
    layer, _ = LAYERS[name]("complex128", None)
    inputs = layer.shape[1]
    with pytest.raises(ValueError, match=rf"expects {inputs} inputs, got {inputs + 1}"):
        layer.apply(np.ones((inputs + 1, 2)))
    with pytest.raises(ValueError, match=r"shape \(inputs, k\)"):
        layer.apply(np.ones(inputs))
    with pytest.raises(TypeError, match=r"numpy\.ndarray"):
        layer.apply([[1.0]] * inputs)
    with pytest.raises(TypeError, match="X must be"):
        layer.apply(np.ones((inputs, 1), dtype=object))


@every_layer
def test_integer_X_is_promoted(name):
    layer, _ = LAYERS[name]("complex64", None)
    X = np.arange(layer.shape[1])[:, None]
    Y = layer.apply(X)
    assert Y.dtype == np.complex128
    np.testing.assert_array_equal(Y, layer.apply(X.astype(float)))


@every_layer
def test_repr(name):
    layer, _ = LAYERS[name]("complex64", None)
    assert repr(layer).startswith(type(layer).__name__ + "(")
    assert layer != "something else"
    assert layer.output_size(layer.shape[1]) == layer.shape[0]


@given(st.integers(0, 16).flatmap(layers))
def test_drawn_layers(layer):
    dense = layer.to_csr().toarray()
    written = layer.support.to_csr()
    pattern = references.csr_pattern(written.shape, written.indptr, written.indices)
    np.testing.assert_array_equal(pattern, dense != 0)
    X = np.arange(2.0 * layer.shape[1]).reshape(-1, 2)
    np.testing.assert_allclose(layer.apply(X), dense @ X, rtol=1e-5, atol=1e-3)
    assert pickle.loads(pickle.dumps(layer)) == layer


def test_unknown_kind():
    with pytest.raises(ValueError, match="kind must be a registered kind"):
        layer_from_state("nonsense", {})


def test_a_kind_is_taken_once():
    class Other(Sparse):
        kind = "sparse"

    with pytest.raises(ValueError, match="taken by Sparse"):
        registry.register(Other)
    assert registry.register(Sparse) is Sparse


@pytest.mark.parametrize(
    "layer",
    [
        KroneckerSparse((2**59, 2, 2, 1), np.ones((2, 2, 1))),
        Permutation.digit_reversal((2,) * 60),
        Convolution([1.0, 2.0], 2**60),
        PassThrough(KroneckerSparse((2**59, 2, 2, 1), np.ones((2, 2, 1))), 5),
    ],
    ids=lambda layer: layer.kind,
)
def test_huge_layers_are_counted_but_not_written_out(layer):
    assert layer.synapses in (2**60, 2**61)
    assert layer.support.nnz - layer.synapses in (0, 5)
    assert layer.T.shape == layer.shape[::-1]
    with pytest.raises(MemoryError, match=r"[\d,]+ bytes"):
        layer.to_csr()
    assert pickle.loads(pickle.dumps(layer)) == layer


def test_huge_values_are_refused_before_they_are_made():
    values = FourierValues(2, 2**59)
    with pytest.raises(MemoryError, match=r"36,893,488,147,419,103,232 bytes"):
        values.materialize()
    # One column of 2^60 inputs that takes no memory: a broadcast zero.
    X = np.broadcast_to(np.zeros((1, 1), np.complex64), (2**50, 1))
    with pytest.raises(MemoryError, match="bytes"):
        KroneckerSparse((1, 2, 2, 2**49), FourierValues(2, 2**49)).apply(X)
