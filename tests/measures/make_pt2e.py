"""Make a float PyTorch program and its PT2E-quantized twin: ``python -m ... FOLDER``.

In a process of its own, since torchao warns while it is imported. Seeded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
    X86InductorQuantizer,
    get_default_x86_inductor_quantization_config,
)


class Small(torch.nn.Module):
    """Two convolutions, one of them normalized, a sum, and a product."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.second = torch.nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm = torch.nn.BatchNorm2d(8)
        self.head = torch.nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return four numbers a picture."""
        x = torch.relu(self.first(x))
        x = x + torch.relu(self.norm(self.second(x)))
        return self.head(x.mean((2, 3)))


def main(folder: Path) -> None:
    """Write ``float.pt2`` and ``int8.pt2``."""
    torch.manual_seed(0)
    model = Small()
    for _ in range(3):  # so that the normalization does something
        model(torch.randn(16, 3, 16, 16) * 2 + 1)
    model.eval()
    given = (torch.randn(1, 3, 16, 16),)
    program = torch.export.export(model, given)
    quantizer = X86InductorQuantizer()
    quantizer.set_global(get_default_x86_inductor_quantization_config())
    prepared = prepare_pt2e(program.module(), quantizer)
    for _ in range(8):
        prepared(torch.randn(1, 3, 16, 16))
    twin = torch.export.export(convert_pt2e(prepared), given)
    torch.export.save(program, folder / "float.pt2")
    torch.export.save(twin, folder / "int8.pt2")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
