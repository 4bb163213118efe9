"""The runner: which workloads, which peers, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import peers as peer_registry
from . import workloads as workload_registry
from .applying import Application, time_applications
from .counting import Product, time_counts
from .estimates import Estimation, time_estimates
from .machine import held_to, record
from .memory import measure_memory
from .merging import MergeProblem, time_merging
from .model import Peer, UnavailableError, Workload
from .report import print_judgements, print_workload
from .requirements import Judgement, judge
from .results import Results, Skip
from .startup import measure_import
from .timing import Settings, let_openmp_sleep
from .trials import Trials, measure_share
from .unflattening import FlatMatrix, time_searches

if TYPE_CHECKING:
    from rich.console import Console

FAILED = 1
TOPICS = ("count", "estimate", "memory", "import", "apply", "merge", "unflatten")
