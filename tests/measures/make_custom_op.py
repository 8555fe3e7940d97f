"""Make a PyTorch program that calls a custom operator: ``python -m ... FILE FACTOR``.

In a process of its own, so that the operator is not registered where the program is run.
"""

from __future__ import annotations

import sys

import torch


class Small(torch.nn.Module):
    """A sum of what a custom operator and what a product make of −x."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((4,), factor))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return four numbers."""
        before = torch.neg(x)
        beside = before * self.weight
        return torch.ops.acme.rotate(before, 2.0, [1]) + beside


def main(path: str, factor: float) -> None:
    """Write the program."""
    library = torch.library.Library("acme", "DEF")
    library.define("rotate(Tensor x, float angle, int[] dims) -> Tensor")
    library.impl("rotate", lambda x, angle, dims: x * angle, "CompositeExplicitAutograd")
    torch.library.register_fake("acme::rotate")(lambda x, angle, dims: torch.empty_like(x))
    torch.export.save(torch.export.export(Small(factor), (torch.zeros(2, 4),)), path)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
