"""Twiddle factors as products: the tables, and transforms of one vector that multiply them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.layers.roots import roots_of_unity
from cheapfast.plan.runs import twiddles as module
from cheapfast.plan.runs.phases import Packing, cut_phases
from cheapfast.plan.runs.stages import stage_of
from cheapfast.plan.runs.twiddles import twiddle_bytes, twiddles


def vectors(shape: tuple[int, ...], dtype: Any) -> Any:
    rng = np.random.default_rng(3)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)


@pytest.mark.parametrize(("stride", "radix", "step"), [(128, 8, 16), (100, 5, 28), (2048, 2, 1024)])
def test_products_are_the_factors(stride: int, radix: int, step: int) -> None:
    weights, turns = twiddles(stride, radix, step, Packing(np.dtype(np.complex128), True, 8))
    assert weights.shape == (1, stride, 1, 1, radix - 1)
    assert turns is not None
    assert turns.shape == (step, radix - 1)
    f = np.arange(1, radix)
    ids = np.arange(step)[:, None] * stride + np.arange(stride)
    period = radix * step * stride
    full = roots_of_unity(ids[:, :, None] * f % period, period, -1)
    np.testing.assert_allclose(turns[:, None, :] * weights[0, :, 0, 0], full, rtol=0, atol=5e-16)


@pytest.mark.parametrize(("per_lane", "stride", "step"), [(False, 512, 64), (True, 32, 4)])
def test_few_factors_and_those_of_many_vectors_are_written_out(
    per_lane: bool, stride: int, step: int
) -> None:
    weights, turns = twiddles(stride, 8, step, Packing(np.dtype(np.complex64), per_lane, 8))
    assert turns is None
    assert weights.shape == (1, stride, 1, step, 7)


@pytest.mark.parametrize("per_lane", [False, True])
@pytest.mark.parametrize("n", [6, 5040, 1 << 14, 1 << 18])
def test_the_factors_that_are_kept_are_foretold(n: int, per_lane: bool) -> None:
    run = [stage for stage in map(stage_of, cf.algorithms.fourier(n, reorder=False)) if stage]
    packing = Packing(np.dtype(np.complex128), per_lane, 8)
    kept = 0
    for phase in cut_phases(run, n, packing):
        for _, radix, step in phase.passes():
            weights, turns = twiddles(phase.stride, radix, step, packing)
            kept += weights.nbytes + (0 if turns is None else turns.nbytes)
    assert twiddle_bytes(run, n, packing) == kept > 0


def test_one_long_vector_is_explained_without_factors_that_are_not_kept() -> None:
    n = 1 << 20
    net = cf.algorithms.fourier(n)
    for told in (net, net[1:]):
        moved = told.explain().total.bytes - 4 * n * 16  # each entry is read and written twice
        assert 0 < moved < n
    assert net.explain(4).total.bytes - 4 * 4 * n * 16 > n * 16 / 2


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("n", [16, 24, 64, 135, 343, 720, 1 << 9, 5040, 1 << 12])
def test_transforms_that_multiply_all_their_factors(
    target: str, monkeypatch: pytest.MonkeyPatch, n: int, dtype: Any
) -> None:
    monkeypatch.setattr(module, "_NEAR_BYTES", 0)
    net = cf.algorithms.fourier(n, dtype=dtype)
    X = vectors((3, n), dtype)
    right = np.fft.fft(X.astype(np.complex128), axis=1)
    error = 16 * float(np.finfo(dtype).eps) * np.linalg.norm(right, axis=1)
    for _ in range(2):  # the second time without Python between the passes
        rows = net.apply(X, axis=1)
        assert rows.dtype == dtype
        assert (np.linalg.norm(rows - right, axis=1) <= error).all(), target
        for x, y in zip(X, rows, strict=True):
            np.testing.assert_array_equal(net @ x, y)
            np.testing.assert_array_equal(net.apply(np.repeat(x, 2)[::2]), y)


def test_a_long_vector_is_exact_and_the_same_on_any_number_of_threads(target: str) -> None:
    n = 1 << 18
    net = cf.algorithms.fourier(n)
    x = vectors((n,), np.complex128)
    one, two = net.apply(x, threads=1), net.apply(x, threads=2)
    np.testing.assert_array_equal(one, two)
    right = np.fft.fft(x)
    error = np.linalg.norm(one - right) / np.linalg.norm(right)
    assert error < 8 * np.finfo(np.float64).eps, target
