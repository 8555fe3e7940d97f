"""What a reader sees of TensorFlow's generated names, and which nodes only save and restore.

`__inference_dense_layer_call_and_return_conditional_losses_2691` is the call of
`dense`. Messages are known by their fields; no framework is imported.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from importers.tensorflow_calls import VARIABLES, data_inputs, source_of

SAVING_GROUP = "save_and_restore"
SAVING_OPS = frozenset(
    {"MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2"}
    | {"Save", "SaveSlices", "SaveV2", "ShardedFilename"}
)
_PREFIX = re.compile(r"^(?:__(?:inference|forward|backward|call)_+)+")
_NUMBER = re.compile(r"_\d+$")
_KERAS = (
    ("_layer_call_and_return_conditional_losses", " (call)"),
    ("_layer_call_fn", " (wrapped call)"),
)


def function_title(name: str) -> str:
    """Return a function's name for a reader: what was traced, without prefix and serial number."""
    prefix = _PREFIX.match(name)
    if prefix is None:
        return name
    title = _NUMBER.sub("", name[prefix.end() :])
    if name.startswith("__backward_"):
        title = f"gradient of {title}"
    for ending, shown in _KERAS:
        if title.endswith(ending):
            return title.removesuffix(ending).lstrip("_") + shown
    return title.lstrip("_") or name


def function_titles(names: Iterable[str]) -> dict[str, str]:
    """Return the titles of functions; equal ones are numbered in the order of the file."""
    counts: dict[str, int] = {}
    titles: dict[str, str] = {}
    for name in names:
        title = function_title(name)
        counts[title] = counts.get(title, 0) + 1
        titles[name] = title if counts[title] == 1 else f"{title} {counts[title]}"
    return titles


def saving_nodes(nodes: Sequence[Any], starts: Iterable[str], kept: Collection[str]) -> set[int]:
    """Return the nodes that only save or restore variables.

    These are the nodes that the saver names, and all whose results nothing else uses.

    Parameters
    ----------
    nodes : sequence of Any
        `NodeDef` of the outermost graph.
    starts : iterable of str
        Tensors and operations that the saver names.
    kept : collection of str
        Nodes that belong to the model whoever reads them: inputs and outputs of signatures.
    """
    index = {node.name: i for i, node in enumerate(nodes)}
    sources = [
        list(dict.fromkeys(index[s] for s in _sources(node) if s in index)) for node in nodes
    ]
    n_readers = [0] * len(nodes)
    for inputs in sources:
        for source in inputs:
            n_readers[source] += 1
    found = {index[source_of(one)] for one in starts if source_of(one) in index}
    found |= {i for i, node in enumerate(nodes) if node.op in SAVING_OPS}
    found = _restored_to(nodes, sources, found)
    waiting = list(found)
    while waiting:
        for source in sources[waiting.pop()]:
            n_readers[source] -= 1
            node = nodes[source]
            if n_readers[source] or source in found:
                continue
            if node.op not in VARIABLES and node.name not in kept:
                found.add(source)
                waiting.append(source)
    return found


def _restored_to(
    nodes: Sequence[Any], sources: Sequence[Sequence[int]], found: set[int]
) -> set[int]:
    """Add the assignments that write what a restoring operation has read."""
    writing = ("Assign", "AssignVariableOp")
    more = {
        i
        for i, inputs in enumerate(sources)
        if nodes[i].op in writing and any(nodes[s].op in SAVING_OPS for s in inputs)
    }
    return found | more


def _sources(node: Any) -> Iterable[str]:
    yield from map(source_of, data_inputs(node))
    yield from (one[1:] for one in node.input if one[:1] == "^")
