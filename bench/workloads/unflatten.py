"""Flat matrices with a structure to be found: transforms, families, shuffled butterflies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import cheapfast as cf

from ..model import Workload
from ..unflattening import FlatMatrix

Array = npt.NDArray[Any]
Maker = Callable[[np.random.Generator, int], Array]


def _fourier(_: np.random.Generator, n: int) -> Array:
    roots = np.exp(-2j * np.pi * np.arange(n) / n)
    matrix = np.empty((n, n), np.complex128)
    for i in range(n):  # row by row: the exponents would take as much again
        matrix[i] = roots[i * np.arange(n) % n]
    return matrix


def _hadamard(_: np.random.Generator, n: int, dtype: str = "float64") -> Array:
    matrix = np.eye(n, dtype=dtype)
    cf.hadamard_transform(matrix, out=matrix)
    return matrix


def _butterfly(rng: np.random.Generator, n: int, *, signs: bool) -> Array:
    product = np.eye(n)
    for bit in range(n.bit_length() - 1):
        a, d = 1 << bit, n >> (bit + 1)
        if signs:
            values = np.array([[1.0, 1], [1, -1]])[:, :, None] * rng.choice([-1, 1], (a, 1, 2, d))
        else:
            angle = rng.uniform(0, 2 * np.pi, (a, d))
            c, s = np.cos(angle), np.sin(angle)
            values = np.array([[c, -s], [s, c]]).transpose(2, 0, 1, 3)
        product = product @ cf.KroneckerSparse((a, 2, 2, d), values).to_csr()
    return product


def _circulant(rng: np.random.Generator, n: int) -> Array:
    index = np.arange(n)
    return np.asarray(rng.standard_normal(n)[(index[:, None] - index) % n])


def _toeplitz(rng: np.random.Generator, n: int) -> Array:
    m = n * 4 // 3
    diagonals = rng.standard_normal(n + m - 1)
    return np.asarray(diagonals[np.arange(n)[:, None] - np.arange(m) + m - 1])


def _kronecker(rng: np.random.Generator, n: int) -> Array:
    small = n // 24
    return np.kron(rng.standard_normal((24, 24)), rng.standard_normal((small, small)))


def _low_rank(rng: np.random.Generator, n: int) -> Array:
    return rng.standard_normal((n, 10)) @ rng.standard_normal((10, n))


def _monarch(rng: np.random.Generator, n: int) -> Array:
    left = rng.standard_normal((n // 16, 16, 16))
    right = rng.standard_normal((16, n // 16, n // 16))
    return np.asarray(np.einsum("tis,stj->itsj", left, right).reshape(n, n))


def _cosine(_: np.random.Generator, n: int) -> Array:
    return np.asarray(np.cos(np.pi * np.outer(np.arange(n), 2 * np.arange(n) + 1) / (2 * n)))


def _blocks(rng: np.random.Generator, n: int) -> Array:
    matrix = np.zeros((n, n))
    for start in range(0, n, 30):
        low_rank = rng.standard_normal((30, 2)) @ rng.standard_normal((2, 30))
        matrix[start : start + 30, start : start + 30] = low_rank
    return _shuffled(matrix, rng)


def _gaussian(rng: np.random.Generator, n: int) -> Array:
    return rng.standard_normal((n, n))


def _shuffled(matrix: Array, rng: np.random.Generator) -> Array:
    n, m = matrix.shape
    return np.asarray(matrix[rng.permutation(n)][:, rng.permutation(m)])


_MAKERS: dict[str, Maker] = {
    "fourier": _fourier,
    "hadamard": _hadamard,
    "hadamard-f32": lambda rng, n: _hadamard(rng, n, "float32"),
    "orthogonal": lambda rng, n: _butterfly(rng, n, signs=False),
    "signs": lambda rng, n: _butterfly(rng, n, signs=True),
    "circulant": _circulant,
    "toeplitz": _toeplitz,
    "kronecker": _kronecker,
    "low-rank": _low_rank,
    "monarch": _monarch,
    "cosine": _cosine,
    "blocks": _blocks,
    "gaussian": _gaussian,
}


def build(
    kind: str,
    n: int,
    saving: float,
    error: float = 1e-12,
    shuffle: bool = False,
    noise: float = 0.0,
) -> FlatMatrix:
    """Make a matrix.

    Returns
    -------
    FlatMatrix
    """
    rng = np.random.default_rng(7)
    matrix = _MAKERS[kind](rng, n)
    told = kind == "fourier" and not shuffle and n & (n - 1) == 0
    bits = n.bit_length() - 1
    columns = cf.Permutation.digit_reversal((2,) * bits).indices() if told else None
    if shuffle:
        matrix = _shuffled(matrix, rng)
    if noise:
        added = rng.standard_normal(matrix.shape)
        matrix = matrix + noise * np.linalg.norm(matrix) / np.linalg.norm(added) * added
    tolerance = 10 * noise if noise else 1e-12
    return FlatMatrix(matrix, max(error, tolerance) if noise else error, saving, columns, tolerance)


def _workload(name: str, title: str, full: dict[str, Any], tiny: dict[str, Any]) -> Workload:
    small = full | tiny
    sizes = {"full": full, "quick": full if full["n"] <= 1024 else small, "tiny": small}
    return Workload(f"unflatten-{name}", title, build, sizes, measure="unflatten")


def _transforms() -> list[Workload]:
    tiny = {"n": 64, "saving": 5}
    found = [
        _workload(
            f"fourier-{n}",
            f"Fourier matrix, complex128, n = {n}, columns in natural order",
            {"kind": "fourier", "n": n, "saving": n / (2 * n.bit_length()), "error": 1e-14},
            tiny,
        )
        for n in (1024, 2048, 4096, 8192)
    ]
    large = {"kind": "hadamard-f32", "n": 16384, "saving": 500, "error": 1e-6}
    return [*found, _workload("hadamard-16384", "Hadamard matrix, float32, n = 16384", large, tiny)]


def _families() -> list[Workload]:
    # 512 * 512 / (512 * (16 + 32)) = 10.67 is what a Monarch matrix of these blocks has
    table: dict[str, tuple[str, int, float, int]] = {
        "dft-360": ("fourier", 360, 21, 60),
        "circulant-500": ("circulant", 500, 13, 60),
        "toeplitz-300": ("toeplitz", 300, 4, 60),
        "kronecker-360": ("kronecker", 360, 9, 72),
        "low-rank-300": ("low-rank", 300, 15, 60),
        "monarch-512": ("monarch", 512, 10.66, 64),
        "cosine-512": ("cosine", 512, 8, 128),
        "blocks-300": ("blocks", 300, 75, 60),
        "gaussian-512": ("gaussian", 512, 0, 64),
    }
    return [
        _workload(
            name,
            f"{kind} matrix, n = {n}",
            {"kind": kind, "n": n, "saving": saving},
            {"n": tiny, "saving": 1.25 if saving else 0},
        )
        for name, (kind, n, saving, tiny) in table.items()
    ]


def _shuffles() -> list[Workload]:
    tiny = {"n": 64, "saving": 3}
    shuffled = [
        _workload(
            f"shuffled-{kind}-{n}",
            f"{kind} butterfly, n = {n}, rows and columns shuffled",
            {"kind": kind, "n": n, "saving": 45 if n == 1024 else 14, "shuffle": True},
            tiny,
        )
        for n in (256, 1024)
        for kind in ("fourier", "hadamard", "orthogonal", "signs")
    ]
    noisy = [
        _workload(
            f"noisy-{kind}-256",
            f"{kind} butterfly, n = 256, shuffled, noise 1e-6",
            {"kind": kind, "n": 256, "saving": 12, "shuffle": True, "noise": 1e-6},
            tiny,
        )
        for kind in ("fourier", "hadamard", "orthogonal", "signs")
    ]
    return shuffled + noisy


WORKLOADS = (*_transforms(), *_families(), *_shuffles())
