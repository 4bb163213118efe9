"""KroneckerSparse, and the formulas of its values."""

from __future__ import annotations

import decimal
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import references
from cheapfast.layers import FourierValues, KroneckerSparse, Permutation, layer_from_state
from cheapfast.layers.roots import roots_of_unity
from cheapfast.support import CsrSupport, EmptySupport, KroneckerSupport


def fourier_chain(radices):
    """Layers of the Fourier transform of n = prod(radices), in data-flow order."""
    layers, stride = [Permutation.digit_reversal(radices)], 1
    n = math.prod(radices)
    for radix in reversed(radices):
        pattern = (n // (radix * stride), radix, radix, stride)
        layers.append(KroneckerSparse(pattern, FourierValues(radix, stride)))
        stride *= radix
    return layers


def apply_chain(layers, x):
    for layer in layers:
        x = layer.apply(x)
    return x


@pytest.mark.parametrize(
    "radices", [(), (2,), (2, 2, 2), (2, 3), (3, 2, 5), (7, 4), (17, 2), (23,)]
)
def test_fourier_butterflies_make_the_fourier_matrix(radices):
    n = math.prod(radices)
    matrix = apply_chain(fourier_chain(radices), np.eye(n))
    np.testing.assert_allclose(matrix, references.fourier_matrix(n), rtol=0, atol=1e-14 * n)


@pytest.mark.parametrize("radices", [(2,) * 20, (4,) * 10, (2, 3, 5, 7, 11, 13)], ids=math.prod)
@pytest.mark.parametrize(("dtype", "bound"), [("complex128", 1e-15), ("complex64", 5e-7)])
def test_fourier_is_as_accurate_as_the_fft(radices, dtype, bound):
    n = math.prod(radices)
    rng = np.random.default_rng(1)
    x = (rng.standard_normal(n) + 1j * rng.standard_normal(n)).astype(dtype)
    layers = [layer.astype(dtype) for layer in fourier_chain(radices)]
    y = apply_chain(layers, x[:, None])[:, 0]
    assert y.dtype == dtype
    expected = np.fft.fft(x.astype(np.complex128))
    assert np.linalg.norm(y - expected) <= bound * np.linalg.norm(expected)


@given(st.integers(1, 7), st.integers(1, 9), st.sampled_from([-1, 1]), st.booleans())
def test_fourier_values_follow_their_formula(radix, stride, sign, swapped):
    values = FourierValues(radix, stride, sign, swapped=swapped).materialize()
    q, p, k = np.ogrid[:radix, :radix, :stride]
    if swapped:
        p, q = q, p
    expected = np.exp(sign * 2j * np.pi * p * (k + stride * q) / (radix * stride))
    np.testing.assert_allclose(values[0], expected, rtol=0, atol=1e-13)


def test_fourier_values_transposed_and_conjugated():
    values = FourierValues(3, 4, +1, np.complex64)
    array = values.materialize()
    assert array.dtype == np.complex64
    assert array.shape == values.shape == (1, 3, 3, 4)
    np.testing.assert_array_equal(values.swap().materialize(), array.swapaxes(1, 2))
    np.testing.assert_array_equal(values.conj().materialize(), array.conj())
    assert values.swap().swapped
    assert values.conj().sign == -1
    assert (values.radix, values.stride) == (3, 4)
    assert not values.has_zero
    assert "FourierValues(3, 4" in repr(values)


@pytest.mark.parametrize(
    "period", [1, 2, 3, 4, 8, 12, 1000, 65537, 3 * 2**20, 2**31 - 1, 10**12 + 39]
)
def test_roots_of_unity_to_half_a_unit_in_the_last_place(period):
    rng = np.random.default_rng(period)
    numerators = np.unique(
        np.concatenate([np.arange(min(period, 64)), rng.integers(0, period, 200), [period - 1]])
    )
    roots = roots_of_unity(numerators, period)
    for numerator, root in zip(numerators.tolist(), roots.tolist(), strict=True):
        exact = references.exact_root(numerator, period)
        for got, wanted in zip((root.real, root.imag), exact, strict=True):
            if abs(wanted) < 1e-30:
                assert got == 0.0
            else:
                error = abs(decimal.Decimal(got) - wanted)
                assert error <= decimal.Decimal(0.61 * math.ulp(float(wanted)))


def test_roots_of_unity_are_symmetric():
    # The reduction is exact, so that symmetric roots are equal bit for bit.
    n = 48
    roots = roots_of_unity(np.arange(n), n)
    np.testing.assert_array_equal(roots[1:], roots[:0:-1].conj())
    np.testing.assert_array_equal(roots[n // 2 :], -roots[: n // 2])
    np.testing.assert_array_equal(roots_of_unity(np.arange(n), n, -1), roots.conj())
    assert not np.signbit(roots.imag[0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 1), ValueError, "radix must be at least 1"),
        ((2, 0), ValueError, "stride must be at least 1"),
        ((2.0, 1), TypeError, "radix must be an integer"),
        ((2, 1, 0), ValueError, "sign must be"),
        ((2, 1, 1, "float64"), TypeError, "complex"),
    ],
)
def test_wrong_fourier_values(arguments, error, message):
    with pytest.raises(error, match=message):
        FourierValues(*arguments)


def test_unknown_formula():
    with pytest.raises(ValueError, match="values must be one of"):
        layer_from_state("kronecker", {"pattern": (1, 1, 1, 1), "values": "nonsense"})


def test_formulas_stay_formulas():
    layer = KroneckerSparse((2**40, 4, 4, 2**20), FourierValues(4, 2**20))
    assert isinstance(layer.H.astype("complex64").values, FourierValues)
    twin = layer_from_state(layer.kind, layer.state())
    assert isinstance(twin.values, FourierValues)
    assert twin.values.state() == layer.values.state()


def test_tied_values_stay_small():
    values = np.array([[1.0, 1.0], [1.0, -1.0]])[None, :, :, None]
    layer = KroneckerSparse((2**30, 2, 2, 2**29), values)
    assert layer.values.shape == (1, 2, 2, 1)
    assert layer.synapses == 2**61
    assert layer.support == KroneckerSupport.pattern(2**30, 2, 2, 2**29)


def test_missing_axes_are_leading_axes():
    layer = KroneckerSparse((3, 2, 2, 5), np.ones((2, 1)))
    assert layer.values.shape == (1, 1, 2, 1)
    assert KroneckerSparse((3, 2, 2, 5), 2.0).synapses == 60


def test_zeros_are_no_synapses():
    values = np.array([[1.0, 0.0], [1.0, -1.0]])[None, :, :, None]
    layer = KroneckerSparse((3, 2, 2, 2), values)
    assert layer.synapses == 18
    assert isinstance(layer.support, CsrSupport)
    assert layer.support.nnz == 18
    zero = KroneckerSparse((3, 2, 2, 2), np.zeros((2, 2, 1)))
    assert zero.support == EmptySupport((12, 12))
    huge = KroneckerSparse((2**58, 2, 2, 2), values)
    assert huge.synapses == 3 * 2**59
    with pytest.raises(MemoryError, match="bytes"):
        _ = huge.support


@pytest.mark.parametrize(
    ("pattern", "shape"),
    [((2, 2, 2, 2), (3, 2, 2, 2)), ((2, 2, 2, 2), (2, 2, 2, 2, 2)), ((2, 2, 2, 2), (0, 2, 2, 2))],
)
def test_values_that_do_not_broadcast(pattern, shape):
    with pytest.raises(ValueError, match="values must"):
        KroneckerSparse(pattern, np.ones(shape))


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ((2, 2, 2), ValueError),
        ((2, 2, 2, -1), ValueError),
        ((2, 2, 2, 1.0), TypeError),
        ("abcd", TypeError),
        (4, ValueError),
    ],
)
def test_wrong_patterns(pattern, error):
    with pytest.raises(error, match="pattern must"):
        KroneckerSparse(pattern, 1.0)


def test_values_of_wrong_dtype():
    with pytest.raises(TypeError, match="values must be one of"):
        KroneckerSparse((1, 2, 2, 1), np.ones((2, 2, 1), dtype=np.longdouble))


def test_non_finite_values_warn():
    with pytest.warns(UserWarning, match="values holds 1 NaN") as caught:
        layer = KroneckerSparse((1, 2, 2, 1), np.array([[1.0], [np.nan]])[..., None])
    assert caught[0].filename == __file__
    assert layer.synapses == 4


def test_integer_values_are_promoted():
    assert KroneckerSparse((1, 2, 2, 1), np.ones((2, 2, 1), dtype=int)).dtype == np.float64


def test_support_with_a_zero_value_that_does_not_fit():
    layer = KroneckerSparse((2**58, 2, 2, 2), np.array([[1.0, 0.0], [1.0, 1.0]])[..., None])
    with pytest.raises(MemoryError, match=r"has values 0.*describe it without them"):
        _ = layer.support
