"""XLA's HLO, as text or as a serialised `HloProto` or `HloModuleProto`. No framework is imported.

Specification: https://openxla.org/xla/operation_semantics
Text: `hlo_text`; messages: `hlo_proto`; columns: `hlo_graph`; on demand: `hlo_source`.

Each computation is a graph, linked from the instructions that call it. The names
that the framework left in the metadata become namespaces (`hlo_scopes`).
"""

from __future__ import annotations

import re
from functools import partial

from graphs.errors import DamagedSource
from graphs.ir import Facts, Graph, Model, NodeKind
from importers.base import Probe
from importers.fact_text import cut
from importers.hlo_graph import build_graphs
from importers.hlo_proto import looks_like_module, read_module
from importers.hlo_source import HloSource
from importers.hlo_text import FORMAT, Computation, read_text, split_attributes
from importers.notes import Notes

MAX_TEXT_BYTES = 1 << 30
MAX_CLAIM = 1 << 48
_START = re.compile(rb"\s*(?://[^\n]*\n\s*)*HloModule\s")
_KIND = re.compile(r"[\s,]kind=(k\w+)")


def look(probe: Probe) -> bool:
    """Return whether the content begins as HLO text, or as its message."""
    head = probe.head.removeprefix(b"\xef\xbb\xbf")
    return _START.match(head) is not None or looks_like_module(head)


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model.

    `Model.n_parameters` counts the elements of the constants: weights are
    parameters of the entry computation, and HLO does not tell them from inputs.

    Raises
    ------
    DamagedSource
        The file is cut or is no HLO.
    """
    content = probe.read_bytes(MAX_TEXT_BYTES)
    if _START.match(content.removeprefix(b"\xef\xbb\xbf")) is None:
        return read_module(probe.name, content, notes)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        notes.add("damaged", "The text is not UTF-8 and was mended")
    return read_hlo_text(probe.name, text, notes)


def read_hlo_text(name: str, text: str, notes: Notes) -> Model:
    """Return the model of HLO text.

    Raises
    ------
    DamagedSource
        The text is cut or is no HLO.
    """
    module = read_text(text, name)
    if not module.computations:
        raise DamagedSource(name, "it holds no computation", format=FORMAT)
    source_of = partial(_source, tables=module.tables, name=name)
    titles = fusion_titles(module.computations)
    graphs = build_graphs(module.computations, titles, source_of, name, notes)
    n_parameters, n_bytes = count_constants(graphs, notes)
    facts: Facts = [("module", module.name)]
    facts += [(key, cut(value)) for key, value in split_attributes(module.header)[:64]]
    return Model(name, FORMAT, "", graphs, facts, notes.all(), n_parameters, n_bytes)


def _source(computation: Computation, n_nodes: int, *, tables: dict[str, dict[int, str]],
            name: str) -> HloSource:  # fmt: skip
    return HloSource(computation, tables, name)


def fusion_titles(computations: list[Computation]) -> dict[str, str]:
    """Return titles that tell the kind of the fusion that calls a computation."""
    titles: dict[str, str] = {}
    for one in computations:
        for index, called in one.calls.items():
            if one.opcodes[index] == "fusion" and (kind := _KIND.search(one.details[index])):
                titles.update((name, f"{name} ({kind[1]} fusion)") for name in called)
    return titles


def count_constants(graphs: tuple[Graph, ...], notes: Notes) -> tuple[int, int]:
    """Return the elements and the bytes of all constants."""
    n_elements = n_bytes = 0
    for graph in graphs:
        for row in (graph.node_kind[graph.value_node] == NodeKind.CONSTANT).nonzero()[0]:
            type = graph.types[int(graph.value_type[row])]
            if (type.n_elements or 0) > MAX_CLAIM:
                notes.add("damaged", "A constant claims more elements than there can be",
                          graph.value_names[int(row)])  # fmt: skip
                continue
            n_elements += type.n_elements or 0
            n_bytes += type.n_bytes or 0
    return n_elements, n_bytes
