"""A MetaGraph, or a GraphDef alone, as graphs: which there are, in which order, what they hold.

First comes what a reader wants to see first: the function behind the default
signature, or the outermost graph where a signature is no call. Then the
outermost graph, the functions in the order in which they are called, those that
nothing calls, and last those that only save and restore. Messages are known by
their fields; no framework is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.ir import Facts, Graph
from graphs.tensor_type import DTYPE_BITS
from importers.fact_text import cut
from importers.naming import Namer
from importers.notes import Notes
from importers.tensorflow_body import Argument, Body, Library
from importers.tensorflow_calls import (
    VARIABLES,
    Origin,
    Origins,
    bound_arguments,
    called_functions,
    source_of,
    variable_name,
)
from importers.tensorflow_checkpoint import Checkpoint
from importers.tensorflow_graph import read_graph
from importers.tensorflow_names import SAVING_GROUP, function_titles, saving_nodes
from importers.tensorflow_ops import dtype_name, operations, outputs_of
from importers.tensorflow_signatures import read_signatures, signature_facts
from importers.tensorflow_source import Debug
from importers.tensorflow_tensors import TypeTable, stored_elements

Calls = dict[str, list[tuple[Any, list[str]]]]


@dataclass(slots=True)
class Opened:
    """What is read beside the graphs themselves.

    Attributes
    ----------
    name, format : str
        Of the model.
    notes : Notes
    checkpoint : Checkpoint or None
    debug : Debug
    namer : Namer
        Of graph ids.
    """

    name: str
    format: str
    notes: Notes
    namer: Namer
    checkpoint: Checkpoint | None = None
    debug: Debug = field(default_factory=Debug)


class MetaGraph:
    """One MetaGraph while it is read.

    Parameters
    ----------
    graph_def : Any
        `GraphDef`.
    meta : Any
        The `MetaGraphDef` around it; None for a GraphDef alone.
    opened : Opened
    label : str
        Tells it from others of the model; empty where it is the only one.
    """

    def __init__(self, graph_def: Any, meta: Any, opened: Opened, label: str = "") -> None:
        self.opened = opened
        self.meta = meta
        self.nodes: list[Any] = list(graph_def.node)
        self.by_name: dict[str, Any] = {}
        for node in self.nodes:
            self.by_name.setdefault(node.name, node)
        self.functions: dict[str, Any] = {}
        for function in graph_def.library.function:
            if function.signature.name:
                self.functions.setdefault(function.signature.name, function)
            else:  # the empty name is that of the outermost graph
                opened.notes.add("damaged", "A function has no name and cannot be called")
        self.title = f"main graph ({label})" if label else "main graph"
        self.graph_id = opened.namer.unique(f"main ({label})" if label else "main", "main")
        definitions = {} if meta is None else meta.signature_def
        self.signatures = read_signatures(definitions, self.by_name, self.functions)
        self.calls = self._find_calls()
        self.saving = self._saving()
        self.order = self._order()
        self.graph_ids = {name: opened.namer.unique(name, "function") for name in self.order}
        self.library = self._library()

    def graphs(self) -> list[Graph]:
        """Return the graphs, the one to open first."""
        origins = self._origins()
        titles = self._titles()
        bodies = [self._main()]
        bodies += [self._function(name, titles[name], origins.get(name, {})) for name in self.order]
        found = [read_graph(body, self.library) for body in bodies]
        shown = self._shown_first()
        if shown:
            found.insert(0, found.pop(1 + self.order.index(shown)))
        return found

    def facts(self) -> Facts:
        """Return what the MetaGraph says of itself."""
        facts = signature_facts(self.signatures)
        if self.meta is None:
            return facts
        info = self.meta.meta_info_def
        facts.insert(0, ("tags", cut(", ".join(info.tags))))
        if info.meta_graph_version:
            facts.append(("version", cut(info.meta_graph_version)))
        assets = [one.filename for one in self.meta.asset_file_def]
        if assets:
            facts.append(("assets", cut(", ".join(assets[:256]))))
        if self.functions:
            facts.append(("functions", str(len(self.functions))))
        return facts

    def _shown_first(self) -> str:
        """Return the function that opens; empty for the outermost graph."""
        return self.signatures[0].path[-1] if self.signatures and self.signatures[0].path else ""

    def _find_calls(self) -> Calls:
        if not self.functions:
            return {}
        found: Calls = {}
        bodies: list[tuple[str, Iterable[Any]]] = [("", self.nodes)]
        bodies += [(name, function.node_def) for name, function in self.functions.items()]
        for name, nodes in bodies:
            for node in nodes:
                called = called_functions(node, self.functions)
                if called:
                    found.setdefault(name, []).append((node, called))
        return found

    def _saving(self) -> set[int]:
        """Return the nodes of the outermost graph that only save and restore."""
        starts: list[str] = []
        if self.meta is not None and self.meta.HasField("saver_def"):
            saver = self.meta.saver_def
            starts = [saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name]
        sides = [side for one in self.signatures for side in (one.inputs, one.outputs)]
        kept = {source_of(text) for side in sides for text in side.values()}
        return saving_nodes(self.nodes, starts, kept)

    def _order(self) -> list[str]:
        """Return the functions: called ones by call, then the others, savers' last."""
        saving = {self.nodes[i].name for i in self.saving}
        main = self.calls.get("", [])
        roots = [name for one in self.signatures for name in one.path]
        roots += [name for node, names in main if node.name not in saving for name in names]
        found = self._reached(roots)
        of_saving = self._reached(
            [name for node, names in main if node.name in saving for name in names]
        )
        for name in self.functions:
            if name not in of_saving:
                found.setdefault(name)
        for name in of_saving:
            found.setdefault(name)
        return list(found)

    def _reached(self, roots: Iterable[str]) -> dict[str, None]:
        """Return the functions that are called from `roots`, directly or not, in that order."""
        found = dict.fromkeys(name for name in roots if name in self.functions)
        waiting = list(found)
        for name in waiting:
            for _, called in self.calls.get(name, ()):
                for one in called:
                    if one in self.functions and one not in found:
                        found[one] = None
                        waiting.append(one)
        return found

    def _library(self) -> Library:
        info = () if self.meta is None else self.meta.meta_info_def.stripped_op_list.op
        known = operations(info)
        known |= {name: outputs_of(one.signature) for name, one in self.functions.items()}
        trainable: dict[str, bool] = {}
        if self.meta is not None:
            for one in self.meta.object_graph_def.nodes:
                if one.WhichOneof("kind") == "variable":
                    trainable[one.variable.name] = one.variable.trainable
        opened = self.opened
        return Library(
            name=opened.name,
            format=opened.format,
            operations=known,
            graph_ids=self.graph_ids,
            calls=self.calls,
            checkpoint=opened.checkpoint,
            debug=opened.debug,
            trainable=trainable,
            types=TypeTable(),
            notes=opened.notes,
        )

    def _origins(self) -> dict[str, dict[str, Origin]]:
        if not self.functions:
            return {}
        bound = {}
        if self.meta is not None:
            bound = bound_arguments(self.meta.object_graph_def, self.by_name)
        return Origins(self.nodes, self.functions, self.calls, bound).of

    def _titles(self) -> dict[str, str]:
        titles = function_titles(self.order)
        for one in self.signatures:
            if one.path:
                titles[one.path[-1]] = f"{one.key} ({titles[one.path[-1]]})"
        return titles

    def _main(self) -> Body:
        body = Body(self.graph_id, self.title, self.nodes)
        for i in self.saving:
            name = self.nodes[i].name
            scope, is_scoped, _ = name.partition("/")
            # TF1 gives its saver a name scope of its own.
            if not (is_scoped and scope.startswith("save")):
                body.groups[i] = SAVING_GROUP
        is_only = len(self.signatures) == 1
        for one in self.signatures:
            for name, text in one.outputs.items():
                body.results.append((name if is_only else f"{name} ({one.key})", text))
            for name, text in one.inputs.items():
                fact = ("signature_name", cut(f"{name} ({one.key})"))
                body.said.setdefault(source_of(text), []).append(fact)
        return body

    def _function(self, name: str, title: str, origins: Mapping[str, Origin]) -> Body:
        function = self.functions[name]
        signature = function.signature
        labels = [one.labels[name] for one in self.signatures if name in one.labels]
        arguments = []
        for i, arg in enumerate(signature.input_arg):
            label = next((one.arguments[i] for one in labels if i in one.arguments), "")
            origin = origins.get(arg.name)
            type = self._argument_type(function, i, origin)
            arguments.append(Argument(arg.name, label, type, origin))
        results = []
        for i, arg in enumerate(signature.output_arg):
            label = next((one.results[i] for one in labels if i in one.results), arg.name)
            if arg.name in function.ret:
                results.append((label, function.ret[arg.name]))
        facts: Facts = [("function", cut(name))]
        if signature.description:
            facts.append(("description", cut(signature.description)))
        return Body(
            self.graph_ids[name],
            title,
            list(function.node_def),
            function=name,
            arguments=arguments,
            results=results,
            facts=facts,
        )

    def _argument_type(self, function: Any, i: int, origin: Origin | None) -> Any:
        library = self.library
        if origin is not None:
            return library.output_types(origin.node)[0]
        shape = None
        if i in function.arg_attr and "_output_shapes" in function.arg_attr[i].attr:
            shapes = function.arg_attr[i].attr["_output_shapes"].list.shape
            shape = shapes[0] if len(shapes) else None
        elif "_input_shapes" in function.attr:
            shapes = function.attr["_input_shapes"].list.shape
            shape = shapes[i] if i < len(shapes) else None
        return library.types.of(dtype_name(function.signature.input_arg[i].type), shape)

    def weigh(self) -> tuple[int, int]:
        """Return elements and bytes of the variables and constants that signatures need.

        Each variable counts once; of what only training, saving or another
        signature's function needs nothing counts. Without signatures all counts
        that the outermost graph and its functions hold.
        """
        nodes = self._needed()
        called: list[str] = []
        for node, names in self.calls.get("", ()):
            if node.name in nodes:
                called += names
        held: list[Sequence[Any]] = [[one for one in self.nodes if one.name in nodes]]
        held += [self.functions[name].node_def for name in self._reached(called)]
        n_parameters = n_bytes = 0
        counted: set[str] = set()
        for node in (node for part in held for node in part):
            if node.op == "Const" and "value" in node.attr:
                more = stored_elements(node.attr["value"].tensor)
            elif node.op in VARIABLES and variable_name(node) not in counted:
                counted.add(variable_name(node))
                more = self._variable_size(node)
            else:
                continue
            n_parameters += more[0]
            n_bytes += more[1]
        return n_parameters, n_bytes

    def _needed(self) -> set[str]:
        """Return the nodes of the outermost graph that the signatures' outputs come from."""
        ends = [source_of(text) for one in self.signatures for text in one.outputs.values()]
        if not any(end in self.by_name for end in ends):
            saving = self.saving
            return {node.name for i, node in enumerate(self.nodes) if i not in saving}
        found = {end for end in ends if end in self.by_name}
        waiting = list(found)
        while waiting:
            for text in self.by_name[waiting.pop()].input:
                name = source_of(text.removeprefix("^"))
                if name in self.by_name and name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    def _variable_size(self, node: Any) -> tuple[int, int]:
        type = self.library.variable_type(node)
        n = type.n_elements
        if n is None or type.dtype not in DTYPE_BITS:
            return n or 0, 0
        return n, type.n_bytes or 0
