"""What a TorchScript node says of itself, and weights on demand. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Facts
from importers.fact_text import MAX_FACTS, cut
from importers.pytorch_modules import Modules


class ScriptSource:
    """The on-demand side of one graph; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    dumped : importers.torchscript_graph.Dumped
    modules : Modules
    tensors : callable
        Gives a parameter's or buffer's data by its path.

    Attributes
    ----------
    nodes : dict of int to DumpedNode
        What the worker told of each of our nodes.
    """

    tensors_are_slow = True  # each is read by a process that imports torch

    def __init__(
        self,
        dumped: Any,
        modules: Modules,
        tensors: Callable[[str], NDArray[np.generic] | None],
    ) -> None:
        self.nodes: dict[int, Any] = {}
        self._dumped = dumped
        self._modules = modules
        self._tensors = tensors
        self._spaces: tuple[str, ...] = ()

    def bind(self, spaces: tuple[str, ...]) -> None:
        """Tell the source its graph's namespaces, once that is built."""
        self._spaces = spaces

    def attributes(self, node: int) -> Facts:
        """Return (name, value) of the node's attributes and where it was written."""
        said = self.nodes.get(node)
        if said is None:
            return []
        facts = [(key, str(value)) for key, value in list(said.attributes.items())[:MAX_FACTS]]
        facts += [("path", said.path), ("source", said.source), ("module", said.scope)]
        if said.path in self._dumped.tensors:
            facts.append(("bytes", f"{self._dumped.tensors[said.path].bytes:,}"))
        return [(cut(key), cut(text)) for key, text in facts if text]

    def value_facts(self, value: int) -> Facts:
        """Return no facts: the type is all that there is."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return path and class of the namespace's module."""
        space = self._spaces[namespace]
        found = [
            ("module", self._modules.paths.get(space, "")),
            ("class", self._modules.classes.get(space, "")),
        ]
        return [(key, cut(text)) for key, text in found if text]

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a parameter or a buffer, read by a worker process.

        Raises
        ------
        graphs.errors.ReadError
            The file cannot be loaded any more.
        """
        said = self.nodes.get(node)
        if said is None or said.kind != "tensor":
            return None
        return self._tensors(said.path)
