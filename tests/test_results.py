"""Memory of results: it serves again once nobody has the result any more, and never before."""

from __future__ import annotations

import gc
import pickle
import threading

import numpy as np
import pytest

import cheapfast as cf

# around what is left to NumPy, what is kept here, and pages
SIZES = (1, 2, 16, 31, 32, 33, 40, 128, 256, 512, 1024, 4096, 16384, 32768, 65536)


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.mark.parametrize("n", SIZES)
def test_results_that_are_kept_do_not_share_memory(n: int) -> None:
    net, x = cf.Network([cf.Permutation(np.arange(n))]), np.ones(n)
    kept = []
    for i in range(40):  # more than is kept of what is gone
        kept.append(net.apply(x))
        if i % 3 == 0:
            kept[i // 2] = net.apply(x)  # some go meanwhile
    for i, result in enumerate(kept):
        result[:] = i
    assert all(np.all(result == i) for i, result in enumerate(kept))


@pytest.mark.parametrize("n", [512, 4096, 16384])
def test_a_view_keeps_the_memory(n: int) -> None:
    net = cf.algorithms.butterfly(n, 1)
    x = np.ones(n)
    first = net.apply(x, threads=1)
    expected, view = first.copy(), first[n // 2 :]
    del first
    gc.collect()
    for _ in range(20):
        net.apply(2 * x, threads=1)
    assert np.array_equal(view, expected[n // 2 :])


@pytest.mark.parametrize("n", [32, 256, 1024, 32768, 65536])
def test_results_are_ordinary_arrays(n: int) -> None:
    result = cf.algorithms.butterfly(n, 1).apply(np.ones(n), threads=1)
    assert type(result) is np.ndarray
    assert result.flags.writeable
    assert result.flags.c_contiguous
    assert address(result) % 64 == 0
    assert np.array_equal(pickle.loads(pickle.dumps(result)), result)
    result.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        result[0] = 1.0


def test_results_of_several_threads() -> None:
    net = cf.algorithms.butterfly(1024, 1)
    wrong = []

    def work(scale: float) -> None:
        expected = net.apply(np.full(1024, scale), threads=1)
        for _ in range(300):
            if not np.array_equal(net.apply(np.full(1024, scale), threads=1), expected):
                wrong.append(scale)

    workers = [threading.Thread(target=work, args=(scale,)) for scale in (1.0, 2.0, 3.0)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
