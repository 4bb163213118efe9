"""Expected synapse count of flattened random networks: eq. 27 of the paper, and beyond."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

from cheapfast._tables import html_facts
from cheapfast._validate import integer, probability
from cheapfast.counting.expected_pairs import total_std
from cheapfast.counting.expected_rows import row_moments

#: Squares and cubes of n must stay inside float64.
_LARGEST_N = 10**100

_EXACT = "exact, closed form"


@dataclass(frozen=True, repr=False)
class Expected:
    """What to expect of the number of synapses of a flattened random sparse network.

    Attributes
    ----------
    mean : float
        Expected number of nonzeros of the product.
    row_std : float
        Standard deviation of the number of nonzeros in one row of the product.
    std : float or None
        Standard deviation of the total. It is *not* ``sqrt(n) * row_std``: rows share the later
        layers. None where it could not be computed.
    std_method : str
        How `std` was obtained, or why it was not.
    """

    mean: float
    row_std: float
    std: float | None
    std_method: str

    def __repr__(self) -> str:
        std = "None" if self.std is None else f"{self.std:.6g}"
        return (
            f"Expected(mean={self.mean:.10g}, row_std={self.row_std:.6g}, std={std}, "
            f"std_method={self.std_method!r})"
        )

    def _repr_html_(self) -> str:
        std = "-" if self.std is None else f"{self.std:.6g}"
        rows = (
            ("expected synapses", f"{self.mean:.10g}"),
            ("standard deviation of one row", f"{self.row_std:.6g}"),
            ("standard deviation of the total", f"{std} ({self.std_method})"),
        )
        return html_facts(rows)


def expected_synapses(
    n: int | Sequence[int], density: float | Sequence[float], depth: int | None = None
) -> Expected:
    r"""Compute the expected number of synapses after flattening a random sparse network.

    Each entry of each layer is a synapse with the density of its layer as probability,
    independently of all others, as `algorithms.random_sparse` draws them.

    Parameters
    ----------
    n : int or sequence of int
        Width of every layer, at least 1; or the widths in data-flow order, inputs first, one more
        than there are layers. For one and two layers up to 1e100; for more, as far as the
        distribution below can be stored and summed.
    density : float or sequence of float
        Probability of an entry to be a synapse, between 0 and 1; or one for each layer in data-flow
        order.
    depth : int, optional
        Number of layers, at least 1; needed unless `n` or `density` is a sequence.

    Returns
    -------
    Expected
        Mean, standard deviation of one row and of the total.

    Raises
    ------
    TypeError
        If an argument is not a number of the right kind.
    ValueError
        If an argument is out of range, lengths do not fit, or more than two layers need more than
        3e9 binomial probabilities.

    Notes
    -----
    Two layers (eq. 27 of Lin, Tegmark and Rolnick): an entry of the product is zero with
    probability :math:`1-q=(1-p^2)^n`, the mean is :math:`n^2 q`. Two entries of one row (or of one
    column) are both zero with probability :math:`(1-p^2(2-p))^n`; entries that share neither are
    independent. With the covariance *c* of two entries in line the variance of the total is
    :math:`n^2 q(1-q) + 2n^2(n-1)c`.

    More layers: the size s of a row's support is a Markov chain,
    :math:`s \to \mathrm{Binomial}(n, 1-(1-p)^s)`. Its *distribution* is iterated, not its mean:
    inserting the mean density into eq. 27 again and again overestimates the count. The total is no
    sum of independent rows, since they share all layers but one. Its variance is
    :math:`n \mathrm{Var}|A| + n(n-1) \mathrm{Cov}(|A|, |B|)` for two rows A, B, whose joint
    distribution is iterated in the same way (columns in A only, in B only, in both) up to a width
    of some hundred, and simulated beyond; `std_method` says which.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cf.expected_synapses(1000, 0.01, 2)
    Expected(mean=95167.10644, row_std=29.9399, std=1306.4, std_method='exact, closed form')
    >>> cf.expected_synapses(60, 0.03, 5)
    Expected(mean=737.3..., row_std=10..., std=153..., std_method='exact, two-row chain')
    >>> cf.expected_synapses([100, 20, 100], [0.1, 0.2]).mean         # through a bottleneck
    3323.9...
    """
    widths, densities = _layers(n, density, depth)
    if max(widths) > _LARGEST_N:
        raise ValueError("n must be at most 1e100: its square and cube must stay inside float64")
    if len(densities) == 1:
        return _one_layer(float(widths[1]), float(widths[0]), densities[0])
    if len(densities) == 2:
        inputs, middle, outputs = map(float, widths)
        return _two_layers(outputs, middle, inputs, densities[1], densities[0])
    rows = widths[-1]
    # a row begins at its output and walks towards the inputs
    inputs_of, density_of = widths[-2::-1], densities[::-1]
    mean, variance = row_moments(inputs_of, density_of)
    std, method = total_std(rows, inputs_of, density_of, mean, variance)
    return Expected(rows * mean, math.sqrt(variance), std, method)


def _layers(
    n: int | Sequence[int], density: float | Sequence[float], depth: int | None
) -> tuple[list[int], list[float]]:
    """Return widths and densities of all layers in data-flow order."""
    widths = [integer(width, "n", minimum=1) for width in n] if _is_sequence(n) else None
    densities = [probability(p, "density") for p in density] if _is_sequence(density) else None
    lengths = {
        "depth": None if depth is None else integer(depth, "depth", minimum=1),
        "n": None if widths is None else len(widths) - 1,
        "density": None if densities is None else len(densities),
    }
    given = {name: layers for name, layers in lengths.items() if layers is not None}
    if not given:
        raise ValueError("depth must be given where n and density are single numbers")
    layers = next(iter(given.values()))
    for (one, many), (other, more) in pairwise(given.items()):
        if many != more:
            raise ValueError(f"{other} must describe as many layers as {one}, {many}, got {more}")
    if layers < 1:
        raise ValueError("n must hold at least two widths, density at least one number")
    if widths is None:
        widths = [integer(n, "n", minimum=1)] * (layers + 1)
    if densities is None:
        densities = [probability(density, "density")] * layers
    return widths, densities


def _is_sequence(value: object) -> TypeGuard[Iterable[object]]:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


def _one_layer(rows: float, columns: float, p: float) -> Expected:
    """Moments of independent entries."""
    row_std = math.sqrt(columns * p * (1 - p))
    return Expected(rows * columns * p, row_std, math.sqrt(rows) * row_std, _EXACT)


def _two_layers(rows: float, middle: float, columns: float, p: float, r: float) -> Expected:
    """Moments of the support of a product, rows x middle of density p, middle x columns of r."""
    x = p * r  # of one path
    if x == 1.0:
        return Expected(rows * columns, 0.0, 0.0, _EXACT)
    log_zero = middle * math.log1p(-x)
    q, zero = -math.expm1(log_zero), math.exp(log_zero)
    in_row = _covariance(middle, p, r)
    in_column = _covariance(middle, r, p)
    row_variance = columns * q * zero + columns * (columns - 1) * in_row
    variance = rows * row_variance + columns * (rows * (rows - 1) * in_column)
    return Expected(rows * columns * q, math.sqrt(row_variance), math.sqrt(variance), _EXACT)


def _covariance(middle: float, shared: float, apart: float) -> float:
    """Return the covariance of two entries whose paths share their synapses of one layer.

    P(both zero) - (1-q)^2 = e^a (1 - e^-c) with a = m log(1 - x (2 - r)) and c = m log[(1 - x (2 -
    r)) / (1 - x)^2], x = p r. The fraction is 1 + x r (1 - p) / (1 - x)^2: no cancellation, so that
    tiny densities keep all digits.
    """
    x = shared * apart
    both_zero = 1 - x * (2 - apart)
    if both_zero <= 0.0:
        return -math.exp(2 * middle * math.log1p(-x))
    a = middle * math.log1p(-x * (2 - apart))
    c = middle * math.log1p(x * apart * (1 - shared) / (1 - x) ** 2)
    return -math.exp(a) * math.expm1(-c)
