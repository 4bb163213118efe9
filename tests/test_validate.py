"""Checks of arguments: what passes, and what the messages say."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

import cheapfast as cf
from cheapfast import _arrays, _validate


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_integers_become_python_ints(value):
    number = _validate.integer(value, "n", minimum=3)
    assert type(number) is int
    assert number == 3


@pytest.mark.parametrize("value", [3.0, "3", None, True, np.True_, np.float64(3), [3]])
def test_no_integer(value):
    with pytest.raises(TypeError, match=r"n must be an integer, got .*\(\w+\)"):
        _validate.integer(value, "n")


def test_integer_below_its_minimum():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        _validate.integer(0, "n", minimum=1)
    assert _validate.integer(-(2**70), "n") == -(2**70)


@pytest.mark.parametrize(
    ("value", "expected"), [(3, (3,)), ([1, 2], (1, 2)), (np.arange(2), (0, 1)), ((), ())]
)
def test_sequences_of_integers(value, expected):
    assert _validate.integers(value, "shape") == expected


@pytest.mark.parametrize("value", ["12", 1.0, None, [1.0], [[1]]])
def test_no_sequence_of_integers(value):
    with pytest.raises(TypeError, match="shape must be"):
        _validate.integers(value, "shape")


@pytest.mark.parametrize("value", [0, 0.25, np.float32(0.5), np.int64(2)])
def test_numbers_from_0_on(value):
    number = _validate.nonnegative(value, "tolerance")
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize("value", [-1, -1e-300, np.nan, np.inf, np.float64("nan")])
def test_numbers_below_0_or_not_finite(value):
    with pytest.raises(ValueError, match="tolerance must be a finite number from 0 on"):
        _validate.nonnegative(value, "tolerance")


@pytest.mark.parametrize("value", ["1", None, True, np.True_, 1j, np.complex128(1), [1.0]])
def test_no_real_number(value):
    with pytest.raises(TypeError, match="tolerance must be a finite number from 0 on"):
        _validate.nonnegative(value, "tolerance")


def test_choices():
    assert _validate.choice("a", "mode", ("a", "b")) == "a"
    with pytest.raises(ValueError, match="mode must be one of 'a', 'b', got 'c'"):
        _validate.choice("c", "mode", ("a", "b"))
    with pytest.raises(TypeError, match="mode must be one of 'a', 'b', got 3"):
        _validate.choice(3, "mode", ("a", "b"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("?", "float64"),
        ("i1", "float64"),
        ("u8", "float64"),
        ("f2", "float32"),
        ("f4", "float32"),
        (">f8", "float64"),
        (">c16", "complex128"),
        (np.complex64, "complex64"),
        (float, "float64"),
    ],
)
def test_supported_dtypes(given, expected):
    dtype = _arrays.supported_dtype(given)
    assert dtype == np.dtype(expected)
    assert dtype.isnative


@pytest.mark.parametrize("given", ["g", "G", "O", "U1", "S1", "M8[s]", "m8[s]", [("a", "f8")]])
def test_refused_dtypes(given):
    with pytest.raises(TypeError, match="dtype must be one of float32, float64, complex64"):
        _arrays.supported_dtype(given)


def test_no_dtype():
    with pytest.raises(TypeError, match="dtype must be a NumPy dtype, got 'nonsense'"):
        _arrays.supported_dtype("nonsense")


def test_weights():
    array = np.ones(3)
    assert _arrays.weights(array, "values") is array
    assert _arrays.weights([1, 2], "values").dtype == np.float64
    with pytest.raises(ValueError, match=r"values must have 2 dimension\(s\), got shape \(3,\)"):
        _arrays.weights(array, "values", ndim=2)
    with pytest.raises(ValueError, match="values must be a rectangular array of numbers"):
        _arrays.weights([[1], [2, 3]], "values")


def test_read_only_leaves_the_original_writable():
    array = np.zeros(2)
    view = _arrays.read_only(array)
    assert np.shares_memory(array, view)
    assert not view.flags.writeable
    assert array.flags.writeable


def test_warn_non_finite():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _arrays.warn_non_finite(0, "matrix")
    with pytest.warns(UserWarning, match=r"matrix holds 2 NaN or infinite") as caught:
        _arrays.warn_non_finite(2, "matrix")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cf.Sparse([[np.nan, 1.0]]), "matrix holds 1"),
        (
            lambda: cf.chain(np.eye(2), [[np.inf, 0.0], [0.0, 1.0]]),
            r"matrices\[1\]: matrix holds 1",
        ),
        (lambda: cf.Network([[[np.nan, np.nan]]]), r"layers\[0\]: matrix holds 2"),
        (lambda: cf.KroneckerSparse((2, 1, 1, 1), np.nan), "values holds 1"),
        (lambda: cf.Convolution([np.nan, 1.0], 4), "kernel holds 1"),
        (lambda: cf.algorithms.low_rank([[np.nan]], [[1.0]]), "matrix holds 1"),
    ],
)
def test_warnings_of_nan_point_at_the_user_and_name_the_matrix(make, words):
    with pytest.warns(UserWarning, match=words) as caught:
        make()
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    "make",
    [
        cf.Sparse,
        cf.chain,
        lambda masked: cf.KroneckerSparse((1, 2, 2, 1), masked),
        lambda masked: cf.Convolution(masked, (4, 4)),
        lambda masked: cf.Sparse(np.eye(2), bias=masked[0]),
    ],
)
def test_masked_arrays_are_refused(make):
    masked = np.ma.masked_array(np.eye(2), mask=[[True, False], [False, False]])
    with pytest.raises(TypeError, match=r"masked array: fill it first, \w+\.filled"):
        make(masked)


def test_thread_count(monkeypatch):
    monkeypatch.setenv("CHEAPFAST_NUM_THREADS", "7")
    assert _validate.thread_count() == 7
    assert _validate.thread_count(3) == 3
    assert _validate.thread_count(np.int32(3)) == 3
    monkeypatch.delenv("CHEAPFAST_NUM_THREADS")
    assert 1 <= _validate.thread_count() <= (os.cpu_count() or 1)


def test_thread_count_without_affinity(monkeypatch):
    monkeypatch.delenv("CHEAPFAST_NUM_THREADS", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert _validate.thread_count() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert _validate.thread_count() == 1


@pytest.mark.parametrize("setting", ["0", "-1", "many", "2.5", "65537", "9" * 5000])
def test_wrong_thread_setting(monkeypatch, setting):
    monkeypatch.setenv("CHEAPFAST_NUM_THREADS", setting)
    with pytest.raises(ValueError, match=f"CHEAPFAST_NUM_THREADS must be .*{setting}"):
        _validate.thread_count()


@pytest.mark.parametrize(
    ("threads", "error"),
    [
        (0, ValueError),
        (-2, ValueError),
        (1.0, TypeError),
        (2**16 + 1, ValueError),
        (10**30, ValueError),
    ],
)
def test_wrong_threads(threads, error):
    with pytest.raises(error, match="threads must be"):
        _validate.thread_count(threads)


def test_size_of_does_not_wrap():
    assert _validate.size_of((2**40, 2**40)) == 2**80
    assert _validate.size_of(()) == 1
