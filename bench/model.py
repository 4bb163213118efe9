"""The two sides of a benchmark: a problem to solve and a peer that solves it."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Measure = Literal[
    "time", "memory", "import", "apply", "merge", "unflatten", "estimate", "share"
]
