"""Nonzeros after true cancellation: exact arithmetic modulo two random primes, or a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cheapfast import _core, _memory
from cheapfast._primality import is_prime
from cheapfast._progress import reporting
from cheapfast._random import generator
from cheapfast._tables import html_facts
from cheapfast._validate import real, thread_count
from cheapfast.counting.csr import used_columns
from cheapfast.counting.structural import ProgressArgument, count_structural, supports_of
from cheapfast.network import Network, require_network

#: The primes are drawn from 2^60 ... 2^61, p = 1 mod 4.
_PRIME_BITS = 60

#: There are more of them than this: (li(2^61) - li(2^60)) / 2 = 1.369e16, less the error bound of
#: Bennett, Martin, O'Bryant and Rechnitzer (Illinois J. Math. 62, 2018, theorem 1.3).
_PRIMES = 1.3e16

#: What to do where the weights do not fit.
_INSTEAD = "count with kind='structural', an upper bound that needs no weights"

#: A limit above is none.
_MOST_BYTES = 2**62


@dataclass(frozen=True)
class NumericalCount:
    """Nonzeros of a product after cancellation.

    Attributes
    ----------
    value : int
        The count.
    error_probability : float
        Bound of the probability that the count is too small because a nonzero entry vanishes modulo
        both primes; 0 where nothing was left to chance. NaN with a tolerance, where the count
        depends on what is regarded as rounding.
    method : str
        "modular", "tolerance", or the method of the structural count where all weights are positive
        and nothing can cancel.
    """

    value: int
    error_probability: float
    method: str

    def _repr_html_(self) -> str:
        risk = self.error_probability
        return html_facts(
            (
                ("synapses", f"{self.value:,}"),
                ("probability of an error", "-" if math.isnan(risk) else f"at most {risk:.2g}"),
                ("method", self.method),
            )
        )


def count_numerical(
    net: Network,
    tolerance: float = 0.0,
    rng: Any = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> NumericalCount:
    r"""Count the entries of the product that are not zero once their terms are added up.

    Parameters
    ----------
    net : Network
        Linear layers with finite weights; biases do not matter.
    tolerance : float, optional
        0: the weights are taken as the exact rationals that they are, and sums are exact. Above 0:
        an entry is counted if its magnitude exceeds `tolerance` times the sum of the magnitudes of
        its terms (one term a path).
    rng, threads, memory_limit, progress
        As for `cheapfast.synapse_count`; progress counts rows.

    Returns
    -------
    NumericalCount

    Raises
    ------
    TypeError
        If a layer has no support to count.
    ValueError
        If a weight is NaN or infinite, or `tolerance` is not in [0, 1).
    MemoryError
        Before more than `memory_limit` would be allocated.

    Notes
    -----
    A float is :math:`m 2^e` with integers *m*, *e*, so modulo an odd prime *p* it has an exact
    image, and images of sums and products are sums and products of images; the imaginary unit
    becomes a root of -1, which exists for p = 1 mod 4. An entry that cancels is 0 modulo every
    prime. One that does not is, up to a power of two, an integer of at most *B* bits, of which at
    most :math:`\lfloor B/60 \rfloor` primes above :math:`2^{60}` are factors; with complex weights
    it is a Gaussian integer, whose norm has at most *B* bits and takes its place. Two primes are
    drawn independently and uniformly among more than :math:`1.3 \cdot 10^{16}`, so for *N* entries
    the count is wrong with probability at most
    :math:`N (\lfloor B/60 \rfloor / 1.3 \cdot 10^{16})^2`.

    Examples
    --------
    >>> import cheapfast as cf
    >>> hadamard = cf.algorithms.hadamard(64)
    >>> result = cf.counting.count_numerical(hadamard @ hadamard, rng=1)
    >>> result.value, result.error_probability < 1e-26
    (64, True)
    """
    require_network(net)
    allowed = check_tolerance(tolerance)
    random, workers = generator(rng), thread_count(threads)
    given = _memory.parse_bytes(memory_limit)
    supports = supports_of(net)
    limit = min(_memory.available_bytes() if given is None else given, _MOST_BYTES)
    written = sum(
        s.csr_bytes + s.nnz * layer.dtype.itemsize for s, layer in zip(supports, net, strict=True)
    )
    _memory.require(
        written,
        "a numerical count, which writes out the weights of all layers,",
        _INSTEAD,
        limit=given,
    )
    layers = _written_out(net)
    if all(_positive(layer[4]) for layer in layers):  # sums of positive terms do not vanish
        counted = count_structural(net, "auto", threads, memory_limit, progress)
        return NumericalCount(counted.value, 0.0, counted.method)
    with (
        reporting(progress, "counting synapses") as report,
        _memory.advising(_INSTEAD, limit),
    ):
        if allowed > 0:
            value = _core.count_with_tolerance(layers, allowed, workers, limit - written, report)
            return NumericalCount(value, math.nan, "tolerance")
        first, second = random_prime(random), random_prime(random)
        value = _core.count_modular(layers, first, second, workers, limit - written, report)
    return NumericalCount(value, _error_probability(net, layers), "modular")


def check_tolerance(tolerance: object) -> float:
    """Return a tolerance as a float.

    Parameters
    ----------
    tolerance : object
        What the caller passed.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is NaN, negative, or 1 and more: no entry is larger than the sum of its terms'
        magnitudes.
    """
    number = real(tolerance, "tolerance", "a number from 0 to below 1")
    if not 0.0 <= number < 1.0:
        raise ValueError(f"tolerance must be at least 0 and below 1, got {tolerance!r}")
    return number


def random_prime(rng: np.random.Generator) -> tuple[int, int]:
    """Draw a prime p = 1 mod 4 between 2^60 and 2^61, all with the same probability.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    int
        The prime.
    int
        A root of -1 modulo it.
    """
    while True:
        candidate = (1 << _PRIME_BITS) + 4 * int(rng.integers(1 << (_PRIME_BITS - 2))) + 1
        if is_prime(candidate):
            break
    # a^((p - 1) / 2) = -1 for every second a
    base = 2
    while pow(base, (candidate - 1) // 2, candidate) == 1:
        base += 1
    return candidate, pow(base, (candidate - 1) // 4, candidate)


def _written_out(net: Network) -> list[_core._CsrMatrix]:
    """Return the weights in matrix order; those that are not finite are refused."""
    layers: list[_core._CsrMatrix] = []
    for i, layer in enumerate(net):
        matrix = layer.to_csr()
        bad = _core.scan_values(matrix.data)[1]
        if bad:
            raise ValueError(
                f"net must have finite weights for kind='numerical': layer {i} (data-flow order), "
                f"{layer!r}, holds {bad} NaN or infinite value(s)"
            )
        layers.append((*matrix.shape, matrix.indptr, matrix.indices, matrix.data))
    first = layers[0]
    layers[0] = (*used_columns(*first[:4]), first[4])
    return layers[::-1]


def _positive(data: np.ndarray[Any, Any]) -> bool:
    return data.dtype.kind == "f" and bool(np.all(data > 0))


def _error_probability(net: Network, layers: list[_core._CsrMatrix]) -> float:
    """Bound the probability that a nonzero entry vanished; see `count_numerical`."""
    factors = math.floor(_entry_bits(net, layers) / _PRIME_BITS)
    entries = net.shape[0] * net.shape[1]
    return min(1.0, entries * (factors / _PRIMES) ** 2)


def _entry_bits(net: Network, layers: list[_core._CsrMatrix]) -> float:
    """Bound the bits of an entry as an integer, or of the norm of a Gaussian integer."""
    bits = sum(math.log2(max(layer[1], 1)) for layer in layers[:-1])
    bits += sum(_integer_bits(layer[4]) for layer in layers)
    if net.dtype.kind == "c":
        bits = 2 * bits + len(layers)  # |a + bi|^2, and |a + bi| <= sqrt(2) max(|a|, |b|)
    return bits


def _integer_bits(data: np.ndarray[Any, Any]) -> int:
    """Bits of the largest value where all are written as integers times one power of two."""
    parts = np.stack([data.real, data.imag]) if data.dtype.kind == "c" else data
    exponents = np.frexp(parts[parts != 0].astype(np.float64))[1]
    return int(exponents.max()) - int(exponents.min()) + 53 if exponents.size else 0
