"""The names of the measured rates, and what each of them is."""

from __future__ import annotations

#: Every rate that the cost model needs, and what it is; see `cheapfast.plan.prediction.machine`.
RATES = {
    "call": "seconds of a call before it does anything",
    "pass": "seconds of a pass before it does anything",
    "layer": "seconds of one more layer in a chain of sparse ones",
    "general": "seconds of a call that is not compiled throughout: an activation, say, is not",
    "general pass": "seconds of a pass of such a call before it does anything",
    "row": "seconds a row of a sparse layer, by bytes of an operand's row, all in near caches",
    "entry": "the same a nonzero, of rows with few",
    "long": "the same a nonzero, of rows with many: each waits for the sum before it",
    "complex": "the same a nonzero that is complex",
    "scatter": "more seconds a nonzero of a transposed layer, which adds to rows of the result, by "
    "bytes of such a row",
    "uneven8": "more seconds a row that is not as long as the one before it, for rows of the "
    "operand of 8 bytes, by rows and nonzeros that a thread applies in one call",
    "uneven64": "the same for rows of 64 bytes",
    "gather8": "more seconds for a nonzero that names an operand's row of 8 bytes at random, by "
    "bytes that have to be held in a cache",
    "gather64": "the same for rows of 64 bytes",
    "gather512": "the same for rows of 512 bytes",
    "stream": "more seconds a byte of weights, by bytes that an application reads",
    "move": "more seconds a byte of operand and result, by bytes of both",
    "read": "seconds a byte that is read in order and hardly used, by bytes",
    "multiply": "seconds of multiplying sparse matrices, and making a layer of the product, before "
    "any of what follows",
    "left": "seconds a nonzero of the left factor when sparse matrices are multiplied",
    "left uneven": "more of them where rows are not as long as the row before",
    "pair": "the same a pair of nonzeros that meet",
    "product": "the same a nonzero of the product",
    "word": "the same for each 64 neighbouring columns that hold nonzeros of a row",
    "fourier start": "more seconds of a pass that is a fused run of Fourier factors",
    "fourier one": "seconds a byte of one vector for each binary digit that such a run joins",
    "fourier": "the same of many vectors, by registers that a row of them fills",
    "blocks start": "more seconds of a pass that is a fused run of 2 x 2 blocks",
    "blocks one": "seconds a byte of one vector for each layer of such a run",
    "blocks": "the same of many vectors, by registers that a row of them fills",
    "blocks complex": "the same of complex vectors",
    "detour": "more seconds a byte of many vectors that do not fill their last register",
    "sums": "seconds a byte for each layer of a Walsh-Hadamard transform, by bytes of the vectors",
    "factor one": "seconds a byte of one vector in registers for each weight of a Kronecker factor",
    "factor": "the same of many vectors, by registers that a row of them fills",
    "tile one": "seconds a register of sums of one vector in such a factor",
    "tile": "seconds a tile of sums of many vectors in such a factor",
    "permute one": "seconds a number of one vector that is permuted",
    "permute": "seconds a row of many vectors that are permuted, by bytes of a row",
    "convolve": "seconds a flop of a convolution by NumPy",
    "transform": "seconds an element and binary digit of a convolution by FFT",
    "elementwise": "seconds a value of an activation by NumPy",
    "activation": "seconds a byte of a compiled activation: the logistic function",
    "relu": "the same of the one that is no more than a comparison",
    "speedup": "how many times faster the threads are than one",
}
