"""Families of networks, tried from the cheapest test to the dearest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cheapfast._memory import parse_bytes
from cheapfast._progress import ProgressCallback, reporting
from cheapfast._random import generator
from cheapfast._validate import real, thread_count
from cheapfast.flattening.unflatten.families import digit_butterfly
from cheapfast.flattening.unflatten.low_rank import low_rank
from cheapfast.flattening.unflatten.permuted import permuted_butterfly
from cheapfast.flattening.unflatten.preparing import make_problem
from cheapfast.flattening.unflatten.problem import (
    Family,
    Outcome,
    Problem,
    Proposal,
    TooDear,
    scaled,
)
from cheapfast.flattening.unflatten.rank import rank_butterfly
from cheapfast.flattening.unflatten.result import Candidate, StructureNotFound, Unflattening
from cheapfast.flattening.unflatten.sparsity import as_it_is, components
from cheapfast.flattening.unflatten.toeplitz import toeplitz
from cheapfast.flattening.unflatten.verify import relative_error, verification_bytes
from cheapfast.network import Network

#: The search for arbitrary permutations is the dearest: only where nothing saves so much.
_PERMUTED_BELOW = 3.0


@dataclass(frozen=True)
class _Best:
    """The cheapest network within the tolerance so far."""

    family: str
    proposal: Proposal
    error: float


class _Search:
    """One pass over the families for one matrix."""

    def __init__(self, problem: Problem, *, split_components: bool = True) -> None:
        self.problem = problem
        self.candidates: list[Candidate] = []
        self.best: _Best | None = None
        self._split_components = split_components

    def run(self, report: ProgressCallback | None = None) -> None:
        """Try every family that can still be the cheapest."""
        families = self._families()
        for done, (name, family) in enumerate(families):
            if report is not None:
                report(done, len(families))
            if self._is_least():
                break
            if family is permuted_butterfly and self._saves(_PERMUTED_BELOW):
                continue
            self._try(name, family)
        if report is not None:
            report(len(families), len(families))

    def _families(self) -> list[tuple[str, Family]]:
        families: list[tuple[str, Family]] = [("as it is", as_it_is)]
        if self._split_components:
            families.append(("components", _components))
        return [
            *families,
            ("Toeplitz", toeplitz),
            ("butterfly", digit_butterfly),
            ("rank butterfly", rank_butterfly),
            ("low rank", low_rank),
            ("permuted butterfly", permuted_butterfly),
        ]

    def _try(self, name: str, family: Family) -> None:
        problem = self.problem
        budget = problem.matrix.size + 1
        if self.best is not None:
            budget = min(budget, self.best.proposal.synapses)
        outcome = family(problem.within(budget))
        if isinstance(outcome, str):
            self.candidates.append(Candidate(name, outcome))
        elif isinstance(outcome, TooDear):
            self.candidates.append(Candidate(name, outcome.description, outcome.synapses))
        else:
            self._judge(name, outcome)

    def _judge(self, name: str, proposal: Proposal) -> None:
        error = proposal.error
        if error is None:
            error = self.error_of(proposal.build())
        self.candidates.append(Candidate(name, proposal.description, proposal.synapses, error))
        cheaper = self.best is None or proposal.synapses < self.best.proposal.synapses
        if error <= self.problem.tolerance and cheaper:
            self.best = _Best(name, proposal, error)

    def error_of(self, network: Network) -> float:
        """Return the relative error of a network."""
        problem = self.problem
        problem.require(verification_bytes(problem.shape), "the error of a network for")
        return relative_error(network, problem.matrix, problem.norm, problem.threads)

    def _saves(self, factor: float) -> bool:
        best = self.best
        return best is not None and best.proposal.synapses * factor <= self.problem.matrix.size

    def _is_least(self) -> bool:
        """Say whether no network has fewer synapses: each row and column that matters needs one."""
        if self.best is None or self.best.proposal.synapses > max(self.problem.shape):
            return False
        self.problem.require(2 * self.problem.matrix.nbytes, "finding the zero rows and columns of")
        size = np.abs(self.problem.matrix)
        allowed = self.problem.tolerance * self.problem.norm
        # a row or column within the tolerance of zero might be left out
        rows = int(np.count_nonzero(np.linalg.norm(size, axis=1) > allowed))
        columns = int(np.count_nonzero(np.linalg.norm(size, axis=0) > allowed))
        return self.best.proposal.synapses <= max(rows, columns)

    def is_worth(self, min_saving: float) -> bool:
        """Say whether the best network is a find."""
        return self._saves(min_saving) or self._is_least()


def _components(problem: Problem) -> Outcome:
    return components(problem, _solve_block)


def _solve_block(problem: Problem) -> Network | None:
    """Return the cheapest network of a connected block; None where that is the block itself."""
    search = _Search(problem, split_components=False)
    search.run()
    if search.best is None or search.best.family == "as it is":
        return None
    return search.best.proposal.build()


def unflatten(
    matrix: object,
    *,
    tolerance: float = 1e-12,
    min_saving: float = 1.25,
    rng: int | np.random.Generator | None = 0,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Unflattening:
    r"""Find a deep network with few synapses for a flat matrix.

    Parameters
    ----------
    matrix : array_like or sparse array, shape (n, m)
        Finite. Integers are promoted to float64.
    tolerance : float, optional
        Relative error allowed, in the Frobenius norm; at least 32 times the machine epsilon of the
        matrix's dtype (7.1e-15 in double, 3.8e-6 in single precision) is always allowed.
    min_saving : float, optional
        At least 1. The matrix must have so many times the entries that the network has synapses.
    rng : None, int or numpy.random.Generator, optional
        What entries are sampled with. The default is a fixed seed: the same matrix gives the same
        network. None takes fresh entropy.
    threads : int, optional
        By default the environment variable CHEAPFAST_NUM_THREADS, else the CPUs that this process
        may use.
    memory_limit : int or str, optional
        Bytes that the search may take beside the matrix, such as ``"8G"``; by default the memory
        available now. How much it takes depends on what samples of the entries show: next to
        nothing for a Fourier matrix, 8 times the matrix in double precision where it comes to
        permuted butterflies. An array that is not in C order, or of another type, is copied.
    progress : None, bool or callable, optional
        True draws a bar; a callable is called as ``progress(done, total)``, in families.

    Returns
    -------
    Unflattening
        The network, its error, and every family with what came of it. A network that has no more
        synapses than the matrix has rows or columns that are not zero is returned whatever it
        saves: there is none with fewer.

    Raises
    ------
    StructureNotFound
        If no network within the tolerance saves enough; it carries what was tried.
    TypeError
        If the dtype is not supported, or an argument is no number.
    ValueError
        If the matrix has not two dimensions, is empty, or holds NaN or infinities; if `tolerance`
        is negative, NaN, or 1 or more (a zero matrix would do), or `min_saving` is below 1.
    MemoryError
        Before a step of the search that does not fit, such as writing out a sparse matrix.

    See Also
    --------
    flatten : the way back.

    Notes
    -----
    The families, in the order in which they are tried, the cheapest tests first:

    - the matrix as it is, without negligible entries; its connected components, each for itself;
    - Toeplitz, Hankel and circulant matrices through the Fourier transform. These networks are
      complex even for a real matrix, and a complex weight is counted as one synapse;
    - Kronecker products, Monarch matrices and butterflies, in whatever order rows and columns have
      the digits of their indices: sampled 2x2 minors show it. For :math:`n = \prod p_i` there are
      :math:`n \sum p_i` synapses;
    - butterflies whose blocks have rank 2 to 4, such as cosine, sine and Hartley transforms;
    - low rank;
    - butterflies whose rows and columns are permuted in any way.

    A butterfly is found by splitting the matrix into blocks of rank one in the middle, and each of
    the two factors again, in :math:`O(n^2)`: from a row and a column of each block where that is
    exact, else by least squares. Not found are blocks of rank 2 or more under a permutation that
    does not move digits only, and permuted butterflies under noise above about 1e-4. The error is
    computed from the network and all entries, not estimated.

    A reordering of inputs or outputs is part of the first or last layer.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> found = cf.unflatten(np.fft.fft(np.eye(64)))
    >>> found.network.synapses, found.network.depth, found.error < 1e-14
    (768, 6, True)
    >>> try:
    ...     cf.unflatten(np.random.default_rng(1).normal(size=(32, 32)))
    ... except cf.StructureNotFound as error:
    ...     print(error.candidates[0].synapses)
    1024
    """
    saving = _checked_saving(min_saving)
    random, workers, limit = generator(rng), thread_count(threads), parse_bytes(memory_limit)
    problem, exponent = make_problem(matrix, tolerance, random, workers, limit)
    search = _Search(problem)
    with reporting(progress, "unflattening") as report:
        search.run(report)
    if search.best is None or not search.is_worth(saving):
        most = int(problem.matrix.size / saving)
        raise StructureNotFound(
            f"no network of at most {most:,} synapses has a relative error of at most "
            f"{problem.tolerance:.2g} from this matrix; tried:",
            search.candidates,
        )
    network, error = search.best.proposal.build(), search.best.error
    if exponent:
        network = scaled(network, exponent)
        # numbers near the ends of the range lose digits: see what is left of them
        error = search.error_of(scaled(network, -exponent))
    return Unflattening(
        network=network,
        error=error,
        candidates=tuple(search.candidates),
        family=search.best.family,
        tolerance=problem.tolerance,
    )


def _checked_saving(value: object) -> float:
    saving = real(value, "min_saving", "a number from 1 on")
    if not saving >= 1:
        raise ValueError(f"min_saving must be at least 1, got {value!r}")
    return saving
