"""Activation, Operator and PassThrough: what the contract does not say."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from scipy.special import expit, softmax

from cheapfast.layers import (
    Activation,
    KroneckerSparse,
    Operator,
    PassThrough,
    Permutation,
    Sparse,
)
from cheapfast.support import DirectSumSupport, KroneckerSupport, compose

# -- activations

FORMULAS = {
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda x: np.where(x > 0, x, 0),
    "softplus": lambda x: np.logaddexp(0, x),
    "exp": np.exp,
    "sin": np.sin,
    "gauss": lambda x: np.exp(-(x**2)),
    "softmax": lambda x: softmax(x, axis=0),
}
NAMES = [*FORMULAS, "maxpool"]


def activation(name):
    return Activation(name, window=2 if name == "maxpool" else None)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_formulas(name, dtype):
    X = np.linspace(-6, 6, 41)[:, None] * np.array([1.0, 0.1, 0.0])
    Y = Activation(name).apply(X.astype(dtype))
    assert Y.dtype == dtype
    eps = np.finfo(dtype).eps
    expected = FORMULAS[name](X.astype(dtype).astype(np.float64))
    np.testing.assert_allclose(Y, expected, rtol=16 * eps, atol=4 * eps)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("logistic", [-1000.0, 1000.0, -50.0], [0.0, 1.0, 1.9287498479639178e-22]),
        ("logistic", [-np.inf, np.inf, 0.0], [0.0, 1.0, 0.5]),
        ("softplus", [-1000.0, 1000.0, -50.0], [0.0, 1000.0, 1.9287498479639178e-22]),
        ("softmax", [1000.0, 1000.0, -1000.0], [0.5, 0.5, 0.0]),
        ("exp", [1000.0, -1000.0, 0.0], [np.inf, 0.0, 1.0]),
        ("gauss", [1e200, -1e200, 0.0], [0.0, 0.0, 1.0]),
        ("relu", [-1.0, 0.0, 2.0], [0.0, 0.0, 2.0]),
    ],
)
def test_extreme_arguments(name, x, expected):
    np.testing.assert_allclose(
        Activation(name).apply(np.array(x)[:, None])[:, 0], expected, rtol=1e-15, atol=0
    )


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name):
    X = np.full((2, 1), np.nan)
    assert np.isnan(activation(name).apply(X)).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_empty(name, shape):
    layer = activation(name)
    Y = layer.apply(np.ones(shape))
    assert Y.shape == (layer.output_size(shape[0]), shape[1])


@pytest.mark.parametrize("name", NAMES)
def test_new_array(name):
    X = np.ones((2, 2))
    X.flags.writeable = False
    assert not np.shares_memory(activation(name).apply(X), X)


def test_maxpool():
    layer = Activation("maxpool", window=3)
    X = np.array([[1.0, 6.0], [5.0, 2.0], [3.0, 4.0], [-1.0, 0.0], [-2.0, 9.0], [-3.0, 8.0]])
    np.testing.assert_array_equal(layer.apply(X), [[5.0, 6.0], [-1.0, 9.0]])
    assert layer.output_size(6) == 2
    with pytest.raises(ValueError, match="multiple of 3 inputs, got 7"):
        layer.output_size(7)
    with pytest.raises(ValueError, match="multiple of 3 inputs, got 7"):
        layer.apply(np.ones((7, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_activation_round_trips(name):
    layer = activation(name)
    for twin in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert twin == layer
        assert hash(twin) == hash(layer)
        assert repr(twin) == repr(layer)
    assert layer.astype("float64") is layer
    assert layer.dtype == np.float32
    assert not layer.is_linear
    assert layer.bias is None


def test_activations_differ():
    assert Activation("relu") != Activation("tanh")
    assert Activation("maxpool", window=2) != Activation("maxpool", window=3)
    assert Activation("sin") != Activation(np.sin)
    assert Activation(np.sin) == Activation(np.sin)
    assert Activation("sin") != "sin"


@pytest.mark.parametrize("name", NAMES)
def test_what_an_activation_has_not(name):
    layer = activation(name)
    with pytest.raises(TypeError, match=r"no shape.*output_size"):
        _ = layer.shape
    for ask in (lambda: layer.support, lambda: layer.synapses, layer.to_csr):
        with pytest.raises(TypeError, match=rf"Activation\('{name}'.*no weights"):
            ask()
    for operation in ("T", "H"):
        with pytest.raises(ValueError, match="not linear"):
            getattr(layer, operation)
    with pytest.raises(TypeError, match="X must be real"):
        layer.apply(np.ones((2, 1), complex))


def test_function_of_your_own():
    def square(x):
        return x**2

    layer = Activation(square)
    X = np.array([[1.0], [3.0]], dtype=np.float32)
    np.testing.assert_array_equal(layer.apply(X), [[1.0], [9.0]])
    assert layer.apply(X).dtype == np.float32
    assert repr(layer) == "Activation(square)"
    assert layer == Activation(square)
    hash(layer)
    for save in (lambda: pickle.dumps(layer), layer.state, lambda: copy.deepcopy(layer)):
        with pytest.raises(TypeError, match=r"square.*cannot be saved"):
            save()


def test_function_that_returns_its_input():
    X = np.ones((2, 1))
    assert not np.shares_memory(Activation(lambda x: x).apply(X), X)


def test_function_that_changes_the_shape():
    with pytest.raises(ValueError, match="must keep the shape"):
        Activation(lambda x: x.sum(axis=0)).apply(np.ones((2, 1)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("selu",), ValueError, "function must be one of 'logistic'"),
        ((3,), TypeError, "function must be a name or callable"),
        (("maxpool",), ValueError, "window must be given"),
        (("relu", 2), ValueError, "window must be given"),
        (("maxpool", 0), ValueError, "window must be at least 1"),
        (("maxpool", 2.0), TypeError, "window must be an integer"),
    ],
)
def test_wrong_activations(arguments, error, message):
    with pytest.raises(error, match=message):
        Activation(*arguments)


# -- operators


def shift():
    return LinearOperator(
        (3, 3), matvec=lambda x: np.roll(x, 1), rmatvec=lambda x: np.roll(x, -1), dtype="float64"
    )


def test_operator_is_applied():
    layer = Operator(shift())
    x = np.arange(3.0)[:, None]
    np.testing.assert_array_equal(layer.apply(x)[:, 0], [2.0, 0.0, 1.0])
    np.testing.assert_array_equal(layer.T.apply(x)[:, 0], [1.0, 2.0, 0.0])
    assert layer.linear_operator is not None


def test_operator_that_returns_its_input():
    layer = Operator(LinearOperator((2, 2), matvec=lambda x: x, matmat=lambda x: x, dtype="f8"))
    X = np.ones((2, 2))
    assert not np.shares_memory(layer.apply(X), X)


def test_what_an_operator_has_not():
    layer = Operator(shift())
    for ask, what in (
        (lambda: layer.support, "counted"),
        (lambda: layer.synapses, "counted"),
        (layer.to_csr, "written out"),
        (layer.state, "saved"),
        (lambda: pickle.dumps(layer), "saved"),
        (lambda: copy.deepcopy(layer), "saved"),
    ):
        with pytest.raises(TypeError, match=rf"Operator\(3x3.*{what}.*Sparse\(matrix\)"):
            ask()
    with pytest.raises(TypeError, match="cannot be built"):
        Operator.from_state({})


def test_operator_equality():
    operator = shift()
    assert Operator(operator) == Operator(operator)
    assert hash(Operator(operator)) == hash(Operator(operator))
    assert Operator(operator) != Operator(shift())
    assert Operator(operator) != Operator(operator, np.ones(3))
    assert Operator(operator, np.ones(3)) == Operator(operator, np.ones(3))
    assert Operator(operator) != 1


def test_equality_of_an_operator_that_is_passed_by():
    operator = shift()
    assert PassThrough(Operator(operator), 2) == PassThrough(Operator(operator), 2)
    assert PassThrough(Operator(operator), 2) != PassThrough(Operator(shift()), 2)
    assert PassThrough(Operator(operator), 2) != PassThrough(Operator(operator), 1)
    assert PassThrough(Operator(operator), 2) != Operator(operator)
    assert Sparse([[1.0]]) != PassThrough(Sparse([[1.0]]), 0) != 1


@pytest.mark.parametrize("wrong", ["text", None, 3.0])
def test_no_operator(wrong):
    with pytest.raises(TypeError, match="linear_operator must be"):
        Operator(wrong)


def test_operator_of_wrong_dtype():
    with pytest.raises(TypeError, match="linear_operator must be one of"):
        Operator(aslinearoperator(np.eye(2, dtype=np.longdouble)))


# -- pass-through


def test_pass_through():
    layer = PassThrough(Sparse([[1.0, 1.0], [1.0, -1.0]]), 2)
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    np.testing.assert_array_equal(layer.apply(x)[:, 0], [3.0, -1.0, 3.0, 4.0])
    assert layer.synapses == 4
    assert layer.support == DirectSumSupport(
        [KroneckerSupport.dense(2, 2), KroneckerSupport.identity(2)]
    )
    assert layer.layer.shape == (2, 2)
    assert layer.width == 2


def test_pass_through_nested_and_without_wires():
    inner = PassThrough(Permutation([1, 0]), 1)
    outer = PassThrough(inner, 2)
    assert outer.shape == (5, 5)
    assert pickle.loads(pickle.dumps(outer)) == outer
    bare = PassThrough(Sparse([[1.0, 2.0]]), 0)
    assert bare.support == KroneckerSupport.dense(1, 2)
    np.testing.assert_array_equal(bare.to_csr().toarray(), [[1.0, 2.0]])


def test_pass_through_stays_symbolic():
    values = np.ones((2, 2, 1))
    layers = [
        PassThrough(KroneckerSparse((2**57, 2, 2, 2), values), 2**59),
        PassThrough(KroneckerSparse((2**58, 2, 2, 1), values), 2**59),
    ]
    assert layers[0].support.nnz == 2**60 + 2**59
    product = compose(layers[1].support, layers[0].support)
    assert product.nnz == 2**61 + 2**59


@pytest.mark.parametrize("layer", [Activation("relu"), np.eye(2), None])
def test_pass_through_needs_a_linear_layer(layer):
    with pytest.raises(TypeError, match="layer must be a linear layer"):
        PassThrough(layer, 1)


def test_pass_through_of_negative_width():
    with pytest.raises(ValueError, match="width must be at least 0"):
        PassThrough(Permutation([0]), -1)
