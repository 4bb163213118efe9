"""Every claim of the paper as a row that is computed when it is asked for.

H. W. Lin, M. Tegmark and D. Rolnick, "Why does deep and cheap learning work so well?", Journal of
Statistical Physics 168, 1223 (2017).
"""

from __future__ import annotations

from cheapfast.paper.claims import claims
from cheapfast.paper.frame import Claim
from cheapfast.paper.table import Claims

__all__ = ["Claim", "Claims", "claims"]
