"""What stays in a TensorFlow model until somebody looks: attributes, tensors, source lines.

Holds the parsed messages, whose fields protobuf decodes when they are read, and
the checkpoint beside them. Imports no framework.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Facts
from importers.fact_text import MAX_FACTS, cut
from importers.tensorflow_calls import VARIABLES, variable_name
from importers.tensorflow_checkpoint import Checkpoint, beside
from importers.tensorflow_tensors import decoded
from importers.tensorflow_text import attribute_facts

MAX_LINES = 8  # of a stack trace
DEBUG_FILE = "debug/saved_model_debug_info.pb"
MAX_DEBUG_BYTES = 256 << 20


@dataclass(slots=True, eq=False)
class Debug:
    """Where nodes were written, as `GraphDebugInfo` holds it.

    Attributes
    ----------
    info : Any
        The message; None where there is none, or it was not read yet.
    folder : Path or None
        Of the model that may hold it in a file of its own.
    message : Any
        Class of the message.
    """

    info: Any = None
    folder: Path | None = None
    message: Any = None

    def facts(self, node: str, function: str) -> Facts:
        """Return the source lines of a node, the innermost first."""
        info = self._read()
        key = f"{node}@{function}"
        if info is None or key not in info.traces:
            return []
        lines = []
        for frame in info.traces[key].file_line_cols[:MAX_LINES]:
            is_known = 0 <= frame.file_index < len(info.files)
            file = info.files[frame.file_index] if is_known else "?"
            lines.append(f"{file}:{frame.line} {frame.func}".rstrip())
        return [("source", cut("\n".join(lines)))] if lines else []

    def _read(self) -> Any:
        """Return the message, read from its file when it is first asked for."""
        if self.info is None and self.folder is not None:
            path, self.folder = beside(self.folder, DEBUG_FILE), None
            if path is not None and path.stat().st_size <= MAX_DEBUG_BYTES:
                try:
                    self.info = self.message.FromString(path.read_bytes())
                except Exception as error:
                    if type(error).__name__ != "DecodeError" and not isinstance(error, OSError):
                        raise
        return self.info


@dataclass(slots=True, eq=False)
class TensorflowSource:
    """The `GraphSource` of one graph.

    Attributes
    ----------
    name, format : str
        Of the model, for errors.
    function : str
        Name of the function; empty for the outermost graph.
    nodes : sequence of Any
        `NodeDef` of each row from `first` on.
    first : int
        Row of the first of them; arguments come before.
    stands_for : dict of int to Any
        Row of an argument -> `NodeDef` of the variable or constant that it stands for.
    said : dict of int to Facts
        Row -> what is known of it beside its attributes.
    checkpoint : Checkpoint or None
    debug : Debug
    value_said : dict of str to Facts
        Value name -> facts.
    graph_facts : Facts
        Of the graph itself.
    trainable : dict of str to bool
        By a variable's full name.
    """

    name: str
    format: str
    function: str
    nodes: Sequence[Any]
    first: int
    stands_for: dict[int, Any]
    said: dict[int, Facts]
    checkpoint: Checkpoint | None
    debug: Debug
    graph_facts: Facts = field(default_factory=list)
    trainable: dict[str, bool] = field(default_factory=dict)

    def attributes(self, node: int) -> Facts:
        """Return (name, value) of a node's attributes, device and place in the source code."""
        facts = list(self.said.get(node, ()))
        own = self._own(node)
        proto = own if own is not None else self.stands_for.get(node)
        if proto is None:
            return facts
        if proto.op in VARIABLES:
            facts += self._variable_facts(proto)
        facts += attribute_facts(proto.attr)
        if proto.device:
            facts.append(("device", cut(proto.device)))
        originals = list(proto.experimental_debug_info.original_node_names)
        if originals and originals != [proto.name]:
            facts.append(("original_node_names", cut(", ".join(originals[:MAX_FACTS]))))
        if own is not None:
            facts += self.debug.facts(proto.name, self.function)
        return facts

    def value_facts(self, value: int) -> Facts:
        """Return nothing: TensorFlow says nothing of a value beside its type."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return what is said of the graph at the root; TensorFlow says nothing of scopes."""
        return list(self.graph_facts) if namespace == 0 else []

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a constant, or of a variable from the checkpoint; None if not there.

        Raises
        ------
        ReadError
            The data is missing, cut, outside the model's folder, or of a type without elements.
        """
        own = self._own(node)
        proto = own if own is not None else self.stands_for.get(node)
        if proto is None:
            return None
        if proto.op in ("Const", "HostConst") and "value" in proto.attr:
            return decoded(proto.attr["value"].tensor, self.name, self.format)
        if proto.op in VARIABLES and self.checkpoint is not None:
            found = self.checkpoint.find(variable_name(proto))
            return None if found is None else self.checkpoint.tensor(found[1])
        return None

    def _own(self, node: int) -> Any:
        index = node - self.first
        return self.nodes[index] if 0 <= index < len(self.nodes) else None

    def _variable_facts(self, proto: Any) -> Facts:
        name = variable_name(proto)
        facts = [("variable", cut(name))]
        if name in self.trainable:
            facts.append(("trainable", "true" if self.trainable[name] else "false"))
        found = None if self.checkpoint is None else self.checkpoint.find(name)
        if found is not None:
            key, entry = found
            facts.append(("checkpoint_key", cut(key)))
            facts.append(("checkpoint_bytes", f"{entry.size:,}"))
        return facts
