"""One side of a report: a model, the graph of it that is shown, and what is known of its nodes.

Plain values; the command line and the page make them. Imports no Panel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dashboard.run_files import FileSource
from graphs.ir import Facts, Graph, Model
from graphs.node_data import NodeData


@dataclass(frozen=True, slots=True, eq=False)
class ReportSide:
    """One side of a report.

    Attributes
    ----------
    model : Model
    graph : Graph
        What is drawn, with the groups that it is drawn with.
    expanded : frozenset of int
        Open namespaces.
    sets : tuple of NodeData
        Of that graph.
    n_bytes : int
        Of the file; 0 where that is not known.
    sha256 : str
        Of its content; empty where that is not known.
    taken : tuple of (str, Facts)
        How numbers were measured: a title and facts for each run.
    warnings : tuple of str
        Why errors among the sets are no quantization error.
    is_flat, shows_constants : bool
        As in `graphs.visible`.
    file : FileSource or None
        Where size and hash can be taken from.
    """

    model: Model
    graph: Graph
    expanded: frozenset[int] = frozenset()
    sets: tuple[NodeData, ...] = ()
    n_bytes: int = 0
    sha256: str = ""
    taken: tuple[tuple[str, Facts], ...] = ()
    warnings: tuple[str, ...] = ()
    is_flat: bool = False
    shows_constants: bool = False
    file: FileSource | None = None

    def with_file(self) -> ReportSide:
        """Return this side with size and hash of its file; reads it. One that is gone has none."""
        if self.file is None:
            return self
        try:
            n_bytes, _, sha256 = self.file.key().partition("-")
        except OSError:
            return self
        return replace(self, n_bytes=int(n_bytes), sha256=sha256)
