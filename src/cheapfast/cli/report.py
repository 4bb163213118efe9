"""What ``cheapfast flatten`` found: as a table for people, as JSON for machines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .numbers import format_bytes, format_cost, format_count, format_ratio

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


@dataclass(frozen=True)
class LayerRow:
    """One layer of the table.

    Parameters
    ----------
    name : str
        The file it came from, or its kind.
    shape : tuple of int
        (outputs, inputs).
    nonzeros : int
        Its synapses.
    product_nonzeros : int or None
        Synapses of the product of this layer and all before it in data-flow order; None where that
        was too dear to count.
    """

    name: str
    shape: tuple[int, int]
    nonzeros: int
    product_nonzeros: int | None


@dataclass(frozen=True)
class FlattenReport:
    """The answer of ``cheapfast flatten``.

    Parameters
    ----------
    layers : tuple of LayerRow
        In data-flow order.
    deep : int
        Synapses of all layers together.
    flat : int
        Synapses of the one layer that the network flattens to.
    ratio : float
        The flattening cost C_s = flat/deep; nan for a network without synapses.
    kind : str
        ``"structural"``: every nonzero counts, whatever cancels.
    bound : str
        ``"exact"`` or ``"upper"``.
    method : str
        The method that counted.
    flat_bytes : int
        Memory of the flat matrix as CSR; with hidden layers, of all matrices.
    hidden_layers : int
        Hidden layers that are left.
    tolerance : float
        What was given as --tolerance.
    deep_neurons, flat_neurons : int
        Widths of the hidden layers, summed, before and after.
    groups : str
        Which layers are merged, where some stay apart.
    """

    layers: tuple[LayerRow, ...]
    deep: int
    flat: int
    ratio: float
    kind: str
    bound: str
    method: str
    flat_bytes: int
    hidden_layers: int = 0
    tolerance: float = 0.0
    deep_neurons: int = 0
    flat_neurons: int = 0
    groups: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the report as what ``json.dumps`` takes, every count an exact integer.

        Returns
        -------
        dict
        """
        return {
            "layers": [
                {
                    "name": row.name,
                    "shape": list(row.shape),
                    "nonzeros": row.nonzeros,
                    "product_nonzeros": row.product_nonzeros,
                }
                for row in self.layers
            ],
            "deep": self.deep,
            "flat": self.flat,
            # JSON has no nan
            "ratio": self.ratio if math.isfinite(self.ratio) else None,
            "kind": self.kind,
            "bound": self.bound,
            "method": self.method,
            "flat_bytes": self.flat_bytes,
            "hidden_layers": self.hidden_layers,
            "tolerance": self.tolerance,
            "deep_neurons": self.deep_neurons,
            "flat_neurons": self.flat_neurons,
        }

    def renderables(self) -> list[RenderableType]:
        """Return what to print: the table, the counts and the verdict.

        Returns
        -------
        list of str or rich renderable
        """
        return [self._table(), *self._summary(), f"[bold]{self.verdict()}[/bold]"]

    def verdict(self) -> str:
        """Say in one sentence whether to multiply the layers.

        Returns
        -------
        str
        """
        if self.hidden_layers:
            return self._partial_verdict()
        if len(self.layers) <= 1 and not self.tolerance:
            return "Verdict: one layer is flat already."
        if self.flat == self.deep:
            return "Verdict: no difference, the product has as many nonzeros as the layers."
        if self.flat > self.deep:
            return (
                "Verdict: keep the layers apart: the product has "
                f"{format_ratio(self.ratio)}x the nonzeros of the layers together."
            )
        if self.flat == 0:
            return f"Verdict: fuse: the product is zero{self._why_zero()}."
        return (
            f"Verdict: fuse: the product has {format_ratio(1 / self.ratio)}x fewer nonzeros "
            "than the layers together."
        )

    def _why_zero(self) -> str:
        if self.tolerance:
            return " within the tolerance"
        if self.kind == "numerical":
            return " after cancellation"
        return ", no path leads through all layers"

    def _partial_verdict(self) -> str:
        """Say whether merging down to the hidden layers that are left costs synapses."""
        layers = f"hidden layer{'s' * (self.hidden_layers > 1)}"
        left = f"Verdict: with {self.hidden_layers} {layers} left there are"
        if self.flat > self.deep:
            return f"{left} {format_ratio(self.ratio)}x the synapses of all layers."
        if self.flat == self.deep:
            return f"{left} as many synapses as in all layers."
        return f"{left} {format_ratio(1 / self.ratio)}x fewer synapses."

    def _summary(self) -> list[str]:
        relation = "=" if self.bound == "exact" else "<="
        ratio = format_cost(self.ratio)
        memory = format_bytes(self.flat_bytes)
        exact = "" if memory.endswith(" B") else f" ({self.flat_bytes:,} bytes)"
        return [
            f"deep synapses    {format_count(self.deep)}",
            f"flat synapses    {format_count(self.flat)}",
            f"flattening cost  C_s {relation} {ratio}",
            f"hidden neurons   {format_count(self.deep_neurons)} deep, "
            f"{format_count(self.flat_neurons)} flat{self._neuron_cost()}",
            f"flat as CSR      {memory}{exact}",
            f"counted          {self.kind}, {self.bound}, method {self.method}",
            *([f"merged layers    {self.groups}"] if self.groups else []),
        ]

    def _neuron_cost(self) -> str:
        if not self.deep_neurons:
            return ""
        return f": C_n = {format_ratio(self.flat_neurons / self.deep_neurons)}"

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(caption="data-flow order: the first row is applied first", highlight=False)
        table.add_column("#", justify="right")
        table.add_column("layer", overflow="fold")
        for heading in ("shape", "nonzeros", "product so far"):
            table.add_column(heading, justify="right", overflow="fold")
        for number, row in enumerate(self.layers, 1):
            rows, columns = map(format_count, row.shape)
            product = row.product_nonzeros
            table.add_row(
                str(number),
                Text(row.name),  # a file name may hold rich's markup
                f"{rows} x {columns}",
                format_count(row.nonzeros),
                "-" if product is None else format_count(product),
            )
        return table
