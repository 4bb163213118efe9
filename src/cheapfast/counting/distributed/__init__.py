"""Counts and estimates on many machines: rows of one chain, on the workers of dask.distributed.

Needs the extra ``cheapfast[dask]``; dask is imported when something is asked for.
"""

from __future__ import annotations

from cheapfast.counting.distributed.count import synapse_count
from cheapfast.counting.distributed.estimate import estimate_synapses

__all__ = ["estimate_synapses", "synapse_count"]
