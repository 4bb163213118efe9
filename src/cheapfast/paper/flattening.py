"""Sections III.F and III.G: the flattening cost, and the first no-flattening theorem."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()


@section.row(
    "25",
    "C_n of a linear network without hidden layers (the fast Fourier transform, n = 64)",
    paper=0,
    note='"All hidden-layer neurons can be eliminated": no hidden neuron is left. Neurons are the '
    "widths of the hidden layers, summed.",
)
def neurons_after_flattening() -> Check:
    """Divide the neurons of the flat network by those of the deep one."""
    deep = cf.algorithms.fourier(64)
    flat = cf.Network([cf.Sparse(deep.toarray())])
    ratio = Fraction(flat.neurons, deep.neurons)
    return Check(ratio, 0, text_holds=ratio == 0)


@section.row(
    "26",
    "C_s = nonzeros of the product / nonzeros of the layers, for three random layers",
    paper="definition",
    note="Compared with the product of the dense matrices. For l > 0 hidden layers merging "
    "neighbours gives an upper bound of the minimum only.",
)
def synapse_cost() -> Check:
    """Compare with dense matrices multiplied by NumPy."""
    net = cf.algorithms.random_sparse(40, 0.05, 3, rng=26)
    matrices = [cf.Network([layer]).toarray() for layer in net]
    deep = sum(np.count_nonzero(matrix) for matrix in matrices)
    flat = np.count_nonzero(np.linalg.multi_dot(matrices[::-1]))
    return Check(cf.flattening_cost(net).ratio, Fraction(int(flat), int(deep)))


@section.row(
    "26",
    "terms that cancel: flat synapses of two Walsh-Hadamard transforms, n = 64, whose supports "
    "multiply to 64^2",
    paper="not given",
    note="The numerical count; a structural one takes every path for a synapse.",
)
def cancelled_synapses() -> Check:
    """Count in exact arithmetic what NumPy multiplies out in small integers."""
    net = cf.algorithms.hadamard(64) @ cf.algorithms.hadamard(64)
    dense = cf.algorithms.hadamard(64).toarray()
    flat = cf.flattening_cost(net, kind="numerical", rng=26).flat
    return Check(flat, int(np.count_nonzero(dense @ dense)))


@section.row(
    "26, l > 0",
    "half the depth is free: synapses of a fast Fourier transform of 256 with 3 of its 7 hidden "
    "layers, 2 n log2 n as with all of them",
    paper="definition",
    note="Neighbours merged in pairs: radix 4, with as many synapses. Merging neighbours gives an "
    "upper bound of the minimum over all networks with 3 hidden layers.",
)
def half_the_depth() -> Check:
    """Take the cheapest way to merge neighbours down to 3 hidden layers."""
    net = cf.algorithms.fourier(256, reorder=False)
    return Check(cf.flattening_cost(net, hidden_layers=3).flat, 2 * 256 * 8)


@section.row(
    "26, l > 0",
    "half the depth is free at any size: synapses of a fast Fourier transform of n = 2^60 with 29 "
    "of its 59 hidden layers, 2 n log2 n",
    paper="definition",
    note="Upper bound of the minimum, as above; counted in closed form.",
)
def half_the_depth_huge() -> Check:
    """Merge pairs at a size at which nothing could be multiplied."""
    net = cf.algorithms.fourier(2**60, reorder=False)
    return Check(cf.flattening_cost(net, hidden_layers=29).flat, 2 * 2**60 * 60)


@section.row(
    "26, eps > 0",
    "the dense Hadamard matrix, n = 256, within 10 % (Frobenius): synapses of one layer",
    paper="definition",
    note="All entries have the same size, so 1 % of them may go: C_s hardly falls. For a Gaussian "
    "random matrix 26.5 % may.",
)
def within_ten_per_cent() -> Check:
    """Drop the smallest entries."""
    cost = cf.flattening_cost(cf.algorithms.hadamard(256), tolerance=0.1)
    return Check(cost.flat, 256**2 - 256**2 // 100)


def _factors(n: int, rank: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return dense positive factors of an n x n matrix of the given rank."""
    rng = np.random.default_rng(7)
    return rng.uniform(1, 2, (n, rank)), rng.uniform(1, 2, (rank, n))


@section.row(
    "III.G",
    "a matrix of rank k as a product of two: C_s = n/2k, here n = 120 and k = 20",
    paper=3,
    note="For dense B, C and BC.",
)
def low_rank() -> Check:
    """Count a network with a narrow hidden layer."""
    ratio = cf.flattening_cost(cf.algorithms.low_rank(*_factors(120, 20))).ratio
    return Check(ratio, Fraction(120, 2 * 20), text_holds=ratio == 3)


@section.row(
    "III.G",
    "shapes of the factors of A = BC: outputs of the network for n = 120, k = 20",
    paper="B is k x n, C is n x k",
    note="With the printed shapes BC is k x k. B is n x k and C is k x n.",
)
def low_rank_shapes() -> Check:
    """Build the product both ways round."""
    B, C = _factors(120, 20)
    as_printed = cf.algorithms.low_rank(C, B)
    net = cf.algorithms.low_rank(B, C)
    letters = {120: "n", 20: "k"}
    shown = [" x ".join([letters.get(size, "?") for size in layer.shape]) for layer in net]
    return Check(
        net.shape[0],
        120,
        text_holds=as_printed.shape == (120, 120),
        shown=f"B is {shown[1]}, C is {shown[0]}",
    )
