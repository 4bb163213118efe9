"""A deep network for a flat matrix."""

from __future__ import annotations

from cheapfast.flattening.unflatten.result import Candidate, StructureNotFound, Unflattening
from cheapfast.flattening.unflatten.search import unflatten

__all__ = ["Candidate", "StructureNotFound", "Unflattening", "unflatten"]
