"""The bit-parallel counts of all first products: every instruction set and index type."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from cheapfast import _core
from interrupting import PATIENCE, posix_only, seconds_until_interrupted
from references import structural_counts

PLENTY = 1 << 32


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize(
    ("sizes", "density"),
    [
        ([3, 4], 0.5),
        ([1, 1, 1], 1.0),
        ([5, 0, 7], 0.5),
        ([0, 4, 3], 0.5),
        ([4, 3, 0], 0.5),
        ([1, 200, 1300], 0.1),
        ([90, 63, 513, 512], 0.02),
        ([40, 70, 20, 511, 65], 0.05),
        ([300, 300, 300, 700, 20, 300], 0.01),
    ],
)
def test_equal_dense_products(target: str, dtype: type, sizes: list[int], density: float) -> None:
    rng = np.random.default_rng(len(sizes))
    layers, dense = [], []
    for rows, columns in itertools.pairwise(sizes):
        present = rng.random((rows, columns)) < density
        matrix = sp.csr_matrix(present)
        indptr, indices = matrix.indptr.astype(dtype), matrix.indices.astype(dtype)
        for array in (indptr, indices):
            array.flags.writeable = False
        layers.append((rows, columns, indptr, indices))
        dense.append(present)
    expected = structural_counts(dense[::-1])
    for threads in (1, 3):
        assert _core.count_prefixes(layers, threads, PLENTY, None) == expected
    assert set(_core.ran().values()) == {target}


def test_threads_share_large_layers(target: str) -> None:
    rng = np.random.default_rng(0)
    matrix = sp.random(4000, 4000, 0.02, format="csr", random_state=rng)
    layer = (4000, 4000, matrix.indptr, matrix.indices)
    alone = _core.count_prefixes([layer] * 3, 1, PLENTY, None)
    assert _core.count_prefixes([layer] * 3, 2, PLENTY, None) == alone
    assert alone[-1] == _core.count_chain([layer] * 3, "stamps", 1, PLENTY, None)[0]


def test_memory_and_shapes_are_checked() -> None:
    eye = (2, 2, np.arange(3), np.arange(2))
    with pytest.raises(MemoryError, match="512 columns"):
        _core.count_prefixes([eye, eye], 1, 10, None)
    with pytest.raises(ValueError, match="layers must chain"):
        _core.count_prefixes([eye, (3, 2, np.arange(4) * 0, np.arange(0))], 1, PLENTY, None)


@posix_only
def test_ctrl_c_stops_it() -> None:
    setup = """
        import numpy as np
        import scipy.sparse as sp
        from cheapfast import _core
        rng = np.random.default_rng(0)
        matrix = sp.random(20000, 20000, 0.005, format="csr", random_state=rng)
        layer = (20000, 20000, matrix.indptr, matrix.indices)"""
    call = "_core.count_prefixes([layer] * 200, 1, 1 << 32, None)"
    assert seconds_until_interrupted(setup, call) < PATIENCE
