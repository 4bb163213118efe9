"""Products by a tree of gates: 4(n - 1) neurons, and an error that hardly grows with n."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _memory
from cheapfast._validate import integer
from cheapfast.gates import inputs
from cheapfast.gates.activations import SigmaLike, activation
from cheapfast.gates.cost import level_sizes
from cheapfast.gates.norm import divisor, to_float
from cheapfast.gates.product import sign_rows
from cheapfast.gates.result import GateResult
from cheapfast.gates.settling import settle
from cheapfast.gates.sigma import Sigma
from cheapfast.gates.truncation import relative_bound
from cheapfast.layers import Sparse
from cheapfast.network import Network

Vector = npt.NDArray[np.float64]
_EPSILON = 2.0**-53
_SAFETY = 4.0


@dataclass(frozen=True)
class _Gate:
    """One gate for inputs of size 1, the same everywhere in the tree."""

    sigma: Sigma
    n: int
    scale: float
    bias: float
    divisor: float
    truncation: float | None  # relative, for inputs up to 1
    rounding: float  # absolute

    def apply(self, x: Vector) -> Vector:
        """Multiply along the last axis, of length n: pairs of neurons first."""
        signs = sign_rows(self.n)
        products = signs.prod(axis=1)
        hidden = self.sigma.values(self.scale * (x @ signs.T) + self.bias)
        plus, minus = hidden[..., products > 0], hidden[..., products < 0]
        total: Vector = (plus - minus).sum(axis=-1) / self.divisor
        return total


@functools.lru_cache(maxsize=64)
def _gate(sigma: Sigma, n: int, scale: float | str, bias: float | str, gates: int) -> _Gate:
    chosen, offset, _ = settle(sigma, n, scale, bias, radius=0.75)
    if scale == "auto":
        # truncation errors of N gates add up like N, rounding errors like sqrt(N): with errors of
        # a scale^4 and b scale^-2 the optimum moves by N^(-1/12)
        chosen *= max(gates, 1) ** (-1 / 12)
    divided = to_float(divisor(sigma, n, chosen, offset))
    known = sigma.coefficients(offset, 1)
    one = abs(float(known[0])) + (abs(offset) + n * chosen) * abs(float(known[1]))
    return _Gate(
        sigma,
        n,
        chosen,
        offset,
        divided,
        relative_bound(sigma, np.ones(n), chosen, offset),
        _EPSILON * one * 2 ** (n / 2) / abs(divided),
    )


def tree_product(
    x: npt.ArrayLike,
    sigma: SigmaLike = "logistic",
    scale: float | str = "auto",
    bias: float | str = "auto",
) -> GateResult:
    r"""Multiply n numbers by a binary tree of product gates, inputs normalised between levels.

    Parameters
    ----------
    x : array_like, shape (n,) or (m, n)
        The factors; a batch has one input a row.
    sigma : str, callable or Sigma
        The activation, see `activation`.
    scale, bias : float or "auto"
        Of each gate; "auto" minimises the error for inputs between 1/2 and 1, apart for gates of
        two and of three inputs.

    Returns
    -------
    GateResult
        With 4(n - 1) neurons. The truncation bound holds for the tree in exact arithmetic.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.
    OverflowError
        If the product is beyond float64.

    Notes
    -----
    Each level brings its inputs to [1/2, 1) by powers of two (`numpy.frexp`, exact) and adds the
    exponents up at the end; a level with an odd number of inputs has one gate of three, so that no
    number needs to be copied. Relative errors of the levels add up, about 1e-11 each.

    Examples
    --------
    >>> import cheapfast as cf
    >>> gate = cf.gates.tree_product([2.0, -3.0, 0.5, 7.0, 1.5])
    >>> abs(gate.value + 31.5) < 1e-7, gate.neurons
    (True, 16)
    """
    given = inputs.as_floats(inputs.factors(x))
    activated = activation(sigma)
    batch = given if given.ndim == 2 else given[None, :]
    n = batch.shape[1]
    mantissas, exponents = np.frexp(batch)
    total = exponents.astype(np.int64).sum(axis=1)
    gates = {size: _gate(activated, size, scale, bias, n - 1) for size in _sizes(n)}
    zero = ~batch.all(axis=1)
    relative, rounding = 0.0, 0.0
    for sizes in level_sizes(n):
        levels = [gates[size] for size in set(sizes)]
        mantissas = _level(mantissas, sizes, gates)
        mantissas, more = np.frexp(mantissas)
        total += more.astype(np.int64).sum(axis=1)
        worst = (
            None
            if None in [g.truncation for g in levels]
            else max(float(g.truncation or 0.0) for g in levels)
        )
        relative, rounding = _accumulate(relative, rounding, worst, levels, len(sizes))
    values = np.where(zero, 0.0, _scaled(mantissas[:, 0] if n else np.ones(len(batch)), total))
    exact = np.abs(values)
    known = all(gate.truncation is not None for gate in gates.values())
    # the output is within `relative` of the product, so the product is at most this
    bounds = exact * relative / (1 - relative) if known and relative < 1 else None
    errors = exact * (_SAFETY * math.sqrt(rounding) + 4 * _EPSILON * max(n, 1))
    first = next(iter(gates.values()), None)
    shape = slice(None) if given.ndim == 2 else 0
    return GateResult(
        values[shape] if given.ndim == 2 else float(values[0]),
        None if bounds is None else (bounds if given.ndim == 2 else float(bounds[0])),
        errors if given.ndim == 2 else float(errors[0]),
        "tree",
        4 * max(n - 1, 0),
        first.scale if first else 1.0,
        first.bias if first else 0.0,
    )


def _sizes(n: int) -> set[int]:
    """Return the sizes of gates that a tree has."""
    return {size for gates in level_sizes(n) for size in gates}


def _level(x: Vector, sizes: list[int], gates: dict[int, _Gate]) -> Vector:
    """Apply the gates of one level."""
    pairs = sum(size == 2 for size in sizes)
    parts = []
    if pairs:
        parts.append(gates[2].apply(x[:, : 2 * pairs].reshape(len(x), pairs, 2)))
    if len(sizes) > pairs:
        parts.append(gates[3].apply(x[:, None, 2 * pairs :]))
    return np.concatenate(parts, axis=1)


def _accumulate(
    relative: float, rounding: float, worst: float | None, levels: list[_Gate], count: int
) -> tuple[float, float]:
    """Add a level's errors: truncation one after the other, rounding as if independent."""
    # all gates of a level err the same way at worst: their relative errors multiply
    if worst is not None:
        relative = math.expm1(math.log1p(relative) + count * math.log1p(worst))
    # outputs are at least 1/4 (1/8): so much larger is the relative error
    one = max(gate.rounding * 2**gate.n for gate in levels)
    return relative, rounding + count * one**2


def _scaled(mantissas: Vector, exponents: npt.NDArray[np.int64]) -> Vector:
    """Put the exponents back; OverflowError beyond float64."""
    clipped = np.clip(exponents, -(2**20), 2**20).astype(np.int32)
    with np.errstate(over="ignore", under="ignore"):
        values: Vector = np.ldexp(mantissas, clipped)
    if np.isinf(values).any():
        raise OverflowError(
            f"the product is about 2^{int(exponents.max())}, beyond float64: divide x by a common "
            "factor"
        )
    return values


def tree_product_network(
    n: int,
    radius: float = 1.0,
    sigma: SigmaLike = "logistic",
    scale: float | str = "auto",
    bias: float | str = "auto",
) -> Network:
    r"""Return the tree of product gates as one network, weights between gates multiplied out.

    Parameters
    ----------
    n : int
        Factors, at least 2.
    radius : float, optional
        Largest size of a factor.
    sigma : str, callable or Sigma
        The activation, see `activation`.
    scale, bias : float or "auto"
        Of each gate, for inputs up to 1 in size.

    Returns
    -------
    Network
        Shape (1, n) with 4(n - 1) hidden neurons in about log2(n) layers.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    A network cannot normalise what passes through it, as `tree_product` does. So its error is
    absolute: each gate adds at most its own on :math:`[-1, 1]^k`, and the output differs from the
    product by at most the sum over all gates, in units of radius^n. With the logistic that is about
    1e-11 (n - 1), and half of it rounding.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.gates.tree_product_network(5)
    >>> net.neurons, net.depth
    (16, 3)
    >>> x = np.array([0.9, -0.8, 0.7, 0.6, -0.5])
    >>> bool(abs((net @ x)[0] - x.prod()) < 1e-9)
    True
    """
    count = integer(n, "n", minimum=2)
    size = inputs.number(radius, "radius", positive=True)
    activated = activation(sigma)
    gates = {k: _gate(activated, k, scale, bias, count - 1) for k in _sizes(count)}
    _memory.require(2000 * count, "tree_product_network", "use tree_product")
    layers: list[object] = []
    before = sparse.identity(count, format="csr") / size
    for sizes in level_sizes(count):
        hidden, output, offsets = _level_matrices(sizes, gates)
        matrix = sparse.csr_array(hidden @ before)
        layers += [Sparse(matrix, bias=offsets), activated.layer()]
        before = output
    try:
        unit = size**count
    except OverflowError:
        unit = math.inf
    if not 0 < unit < math.inf:
        raise OverflowError(f"radius^n = {size}^{count} is beyond float64")
    return Network([*layers, Sparse(sparse.csr_array(before * unit))])


def _level_matrices(
    sizes: list[int], gates: dict[int, _Gate]
) -> tuple[sparse.csr_array, sparse.csr_array, Vector]:
    """Return the weights into and out of the neurons of one level, and their biases."""
    hidden, output, offsets = [], [], []
    for size in sizes:
        gate, signs = gates[size], sign_rows(size)
        hidden.append(sparse.csr_array(gate.scale * signs))
        output.append(sparse.csr_array(signs.prod(axis=1)[None, :] / gate.divisor))
        offsets.append(np.full(len(signs), gate.bias))
    return (
        sparse.csr_array(sparse.block_diag(hidden, format="csr")),
        sparse.csr_array(sparse.block_diag(output, format="csr")),
        np.concatenate(offsets),
    )
