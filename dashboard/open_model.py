"""A model that is open, with what a reader did to it. Knows graphs, no widgets."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.run_files import FileSource
from dashboard.run_kept import Kept
from graphs.inferred import Origin, best_groups, groups_of
from graphs.ir import Graph, Model
from graphs.node_data import NodeData


@dataclass(eq=False, repr=False)
class OpenModel:
    """A model that is open, with what the reader did to each of its graphs.

    Attributes
    ----------
    model : Model
    reference : str
        What `?model=` names to open it again; empty for an upload.
    node_data : dict of str to list of NodeData
        Sets by graph id.
    expanded : dict of (str, str) to frozenset of int
        Open namespaces by graph id and origin of the groups.
    origin : dict of str to str
        Where the groups of a graph come from, by graph id.
    n_uploaded_bytes : int
        What an upload holds in memory; 0 for a file of the server.
    file : FileSource or None
        Where its bytes are, for a model that can be run.
    kept : Kept
        Its runs.
    """

    model: Model
    reference: str = ""
    node_data: dict[str, list[NodeData]] = field(default_factory=dict)
    expanded: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    origin: dict[str, Origin] = field(default_factory=dict)
    n_uploaded_bytes: int = 0
    file: FileSource | None = None
    kept: Kept = field(default_factory=Kept)
    _grouped: dict[tuple[str, str], Graph] = field(default_factory=dict)

    def grouped(self, graph_id: str) -> Graph:
        """Return a graph with the groups that the reader chose, the best where none are chosen.

        Made once; safe to call from a job.
        """
        origin = self.origin.get(graph_id)
        if origin is None:
            origin, best = best_groups(self.model.graph(graph_id))
            self._grouped[graph_id, origin] = best
            self.origin[graph_id] = origin
        return self._of(graph_id, origin)

    def choose(self, graph_id: str, origin: Origin) -> bool:
        """Give a graph the groups of an origin; return False where that finds none."""
        is_found = self.has_groups(graph_id, origin)
        if is_found:
            self.origin[graph_id] = origin
        return is_found

    def has_groups(self, graph_id: str, origin: Origin) -> bool:
        """Return whether an origin gives a graph groups; the file's are always there."""
        return origin == "file" or bool(self._of(graph_id, origin).namespaces.is_inferred.any())

    def trail_to(self, top: str, graph_id: str) -> tuple[tuple[str, int], ...]:
        """Return the shortest way of (graph id, calling node) from a graph to one that it calls.

        Empty where there is none.
        """
        came: dict[str, tuple[str, int]] = {}
        waiting = [top]
        for owner in waiting:  # grows as graphs are found
            for node, called in self.model.graph(owner).subgraphs.items():
                for id in called:
                    if id != top and id not in came:
                        came[id] = (owner, node)
                        waiting.append(id)
        trail: list[tuple[str, int]] = []
        at = graph_id
        while at in came:
            trail.append(came[at])
            at = came[at][0]
        return tuple(reversed(trail))

    def _of(self, graph_id: str, origin: Origin) -> Graph:
        key = (graph_id, origin)
        if key not in self._grouped:
            self._grouped[key] = groups_of(self.model.graph(graph_id), origin)
        return self._grouped[key]
