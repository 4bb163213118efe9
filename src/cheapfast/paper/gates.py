"""Sections II.C and III.H and appendix A: product gates."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()


def _on_a_square(net: cf.Network) -> float:
    """Return the largest error of a product of two on [-1, 1]^2."""
    grid = np.linspace(-1, 1, 41)
    u, v = (values.ravel() for values in np.meshgrid(grid, grid))
    return float(np.abs((net @ np.stack([u, v]))[0] - u * v).max())


@section.row(
    "10-11",
    "largest error on [-1,1]^2 of the 4-neuron gate, logistic at b = -ln(2 + sqrt 3), scale 0.1",
    paper="1/lambda about 10 suffices",
    note="3.3e-3: the next Taylor term, lambda^2 sigma''''(u^2 + v^2)/(6 sigma''), and that of "
    "order lambda^4. At b = 0, which eq. 10 allows for other activations, sigma'' vanishes.",
)
def four_neurons() -> Check:
    """Compare with the gate's formula in plain arithmetic."""
    bias, scale = -math.log(2 + math.sqrt(3)), 0.1
    measured = _on_a_square(cf.gates.product_network("logistic", scale, bias))

    def sigma(u: float) -> float:
        return 1 / (1 + math.exp(-u))

    s = sigma(bias)
    second = s * (1 - s) * (1 - 2 * s)
    # the error is largest in a corner: u = v = 1
    corner = sigma(bias + 2 * scale) + sigma(bias - 2 * scale) - 2 * s
    return Check(measured, abs(corner / (4 * scale**2 * second) - 1), tolerance=1e-9)


@section.row(
    "10-11",
    "the limit in which the gate of four neurons is exact: error at scale 0.05 over that at 0.1",
    paper="lambda -> infinity",
    note='A slip: "lambda -> infinity" must be lambda -> 0. The error falls like lambda^2.',
)
def limit_of_the_scale() -> Check:
    """Halve the scale: the error falls to a quarter."""
    bias = -math.log(2 + math.sqrt(3))
    errors = [
        _on_a_square(cf.gates.product_network("logistic", scale, bias)) for scale in (0.05, 0.1)
    ]
    ratio = errors[0] / errors[1]
    return Check(ratio, 0.25, text_holds=ratio > 1, tolerance=0.01, shown=f"{ratio:.3f}")


@section.row(
    "11",
    "the bias of least error for two factors and the logistic: a root of sigma''''",
    paper="any with sigma'' not 0",
    note="-ln(5 + 2 sqrt 6) = -2.2924, where the error in lambda^2 vanishes: 1.5e-11 at best in "
    "float64, against 1.3e-8 at -ln(2 + sqrt 3).",
)
def best_bias() -> Check:
    """Let the error model choose."""
    chosen = cf.gates.gate_parameters(2).bias
    return Check(chosen, -math.log(5 + 2 * math.sqrt(6)), tolerance=1e-9)


@section.row(
    "fn. 3",
    "the copy gate of two neurons, u (1 + lambda^2 u^2 sigma'''/(6 sigma')), logistic at b = 1",
    paper="given without its error",
)
def copy_gate() -> Check:
    """Measure the error's leading term at a small scale."""
    bias, scale, u = 1.0, 0.01, 0.8
    output = float((cf.gates.copy_network("logistic", scale, bias) @ np.array([u]))[0])
    s = 1 / (1 + math.exp(-bias))
    third_over_first = 1 - 6 * s * (1 - s)
    leading = scale**2 * u**2 * third_over_first / 6
    return Check((output / u - 1) / leading, 1.0, tolerance=1e-3, shown="as given")


@section.row(
    "12",
    "steepness beta for products of bits that are right to 10 digits (half a unit of the tenth)",
    paper="beta > 10 ln 10 = 23.03",
    note="The worst error is 1/(1 + e^(beta/2)): 2 ln(2 * 10^10) = 47.44. With the paper's beta it "
    "is 1e-5, five digits. Eq. 12 also prints x_i y_j for x_i.",
)
def bit_products() -> Check:
    """Read the error of the neuron off, and solve for beta."""
    net = cf.gates.bit_product_network(3, 10)
    bits = np.array(list(itertools.product((0.0, 1.0), repeat=3))).T
    worst = float(np.abs((net @ bits)[0] - bits.prod(axis=0)).max())
    beta = 2 * math.log(1 / worst - 1)
    return Check(beta, 2 * math.log(2e10), text_holds=beta < 23.1, tolerance=1e-6)


@section.row(
    "13",
    "any function of n bits as 2^n bit products: values of a random one of 10 bits that are wrong",
    paper="2^n parameters <-> 2^n energies",
    note="The Moebius transform is a bijection. A whole function errs by up to sum|h_K|/(1 + "
    "e^(beta/2)), which the network allows for.",
)
def boolean_functions() -> Check:
    """Compare a network with its table."""
    values = np.random.default_rng(13).integers(0, 2, 1 << 10)
    bits = (np.arange(1 << 10)[None, :] >> np.arange(10)[:, None] & 1).astype(float)
    errors = np.abs((cf.gates.boolean_network(values, 8) @ bits)[0] - values)
    wrong = int((errors >= 1e-8).sum())
    return Check(wrong, 0)


@section.row(
    "28",
    "the flat gate's output over the product of its 4 inputs, scale 0.01, logistic at b = 1",
    paper="2^-n sum of (s_1 ... s_n) sigma(s . x)",
    note="Eq. 28 lacks 1/(n! sigma_n) and lambda, which appendix A has and section II lets grow: "
    "without them the output here is 1.3e-10 of the product.",
)
def flat_gate() -> Check:
    """Evaluate all 16 neurons."""
    x = np.array([0.9, 1.1, 0.8, 1.2])
    gate = cf.gates.flat_product(x, "logistic", 0.01, 1.0, "direct", precision="dd")
    known = cf.gates.activation("logistic").coefficients(1.0, 6)
    # the next term of the Taylor series
    leading = 30 * float(known[6] / known[4]) * 0.01**2 * float(x @ x) / 6
    bare = gate.value * 24 * float(known[4]) * 0.01**4
    holds = math.isclose(bare, x.prod(), rel_tol=0.01)
    return Check(gate.value / x.prod(), 1 + leading, text_holds=holds, tolerance=1e-6)


@section.row(
    "III.H",
    "neurons of the tree that multiplies 32 numbers",
    paper="4n = 160",
    note="4(n - 1) = 124. The paper's 160 is 5n, each gate's output counted too; 4n is 128.",
)
def tree_neurons() -> Check:
    """Count the network's neurons."""
    neurons = cf.gates.tree_product_network(32).neurons
    return Check(neurons, 4 * 31, text_holds=neurons == 160)


@section.row("III.H", "neurons of the flat gate for 32 numbers", paper=4294967296)
def flat_neurons() -> Check:
    """Count without writing it out."""
    neurons = cf.gates.flattening_cost(32).flat_neurons
    return Check(neurons, 2**32, text_holds=neurons == 4294967296)


@section.row(
    "A2-A4",
    "the sign construction is a product gate: largest unwanted Taylor coefficient, n = 5",
    paper=0,
)
def sign_construction() -> Check:
    """Check all monomials up to degree 5, in integers."""
    signs = _signs(5)
    residual = cf.gates.check_product_weights(signs.T, signs.prod(axis=1)).residual
    return Check(residual, 0.0, text_holds=residual == 0)


def _signs(n: int) -> npt.NDArray[np.int64]:
    return np.array(list(itertools.product((1, -1), repeat=n)))


@section.row(
    "A7",
    "rank of the matrix of eq. A7 for the sign construction, n = 6",
    paper="2^n = 64",
    note="Exact: full rank modulo a prime proves it. It is necessary, not sufficient. In "
    "eqs. A5-A6, A11 |S|! should be (n - |S|)!; in the proof of sufficiency sigma_r is sigma_n and "
    '"S contains i_0" means that it does not.',
)
def rank_of_products() -> Check:
    """Compute the rank in integers."""
    signs = _signs(6)
    check = cf.gates.check_product_weights(signs.T, signs.prod(axis=1))
    return Check(check.rank, 64, text_holds=check.rank == check.needed == 64)


@section.row(
    "A",
    "least neurons for n = 3, no Taylor coefficient vanishing (exp), no output bias",
    paper="2^n = 8",
)
def least_neurons() -> Check:
    """Ask for the minimum under the theorem's hypotheses."""
    best = cf.gates.minimal_neurons(3, "exp")
    least = best.neurons if best.is_minimal and best.residual < 1e-9 else 0
    return Check(least, 8, text_holds=least == 8)


@section.row(
    "A",
    "least neurons for n = 3 and the logistic, whose sigma'' vanishes at 0",
    paper="2^n = 8",
    note='"The smallest possible number ... in any such network" needs sigma_k != 0 at the bias in '
    "use and no output bias. At b = 0 half of the signs do: 4, the Waring rank of xyz. With an "
    "output bias 2^n - 1 do for any activation.",
)
def fewer_neurons() -> Check:
    """Ask for the minimum, with a witness."""
    best = cf.gates.minimal_neurons(3, "logistic")
    least = best.neurons if best.is_minimal and best.residual < 1e-9 else 0
    return Check(least, 4, text_holds=least == 8)
