"""Times one layout by fast-sugiyama or igraph: ``python in_python.py ENGINE < graph.json``.

In: {"n": number of nodes, "edges": [[source, target], ...]}. Out: seconds of the layout call.
"""

from __future__ import annotations

import json
import sys
import time


def main(engine: str) -> None:
    """Lay out the graph on standard input and print the seconds."""
    graph = json.load(sys.stdin)
    edges = [tuple(edge) for edge in graph["edges"]]
    if engine == "igraph":
        import igraph

        made = igraph.Graph(graph["n"], edges, directed=True)
        start = time.perf_counter()
        made.layout_sugiyama()
    else:
        import fast_sugiyama

        start = time.perf_counter()
        fast_sugiyama.from_edges(edges)
    print(time.perf_counter() - start)


main(sys.argv[1])
