"""Turn the operations of MLIR text into graphs: one for each function and each region.

A function is an operation with a symbol and a region; a region of any other
operation is a graph that this operation calls. Values that a region takes from
outside become inputs of its graph, and edges into the operation around it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from graphs.errors import DamagedSource, UnsupportedFeature
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import DTYPE_BITS, UNKNOWN_TYPE, TensorType
from importers.fact_text import cut
from importers.hlo_scopes import is_leaf_name
from importers.mlir_locations import LocationTable
from importers.mlir_operations import (
    Argument,
    Parts,
    arguments,
    dictionaries,
    dictionary,
    function_results,
    split_location,
    symbol_of,
    take_apart,
    text_of,
)
from importers.mlir_scope import BLOCK_ARGUMENT, INPUT, OUTPUT, NodeFacts, Scope
from importers.mlir_source import MlirSource
from importers.mlir_text import FORMAT, Block, MlirText, Operation, Region
from importers.mlir_types import Signature, TypeTable
from importers.naming import Namer
from importers.notes import Notes

MAX_GRAPHS = 20_000
MAX_DECLARATIONS = 64
MAX_CAPTURED = 200_000
FEW_RESULTS = 8

_RETURN = re.compile(r"(?:.*\.)?(?:return|yield|Return|Yield|fetch)\Z")
_CONSTANT = re.compile(r"(?:.*\.)?(?:constant|const|Const|Constant|literal)\Z")
_NAME_KEYS = ("jax.result_info", "ttir.name", "tf_saved_model.index_path", "iree.identifier")
_DIALECTS = {
    "br": "cf.br", "call": "func.call", "cond_br": "cf.cond_br", "constant": "arith.constant",
    "func": "func.func", "module": "builtin.module", "return": "func.return",
    "switch": "cf.switch",
}  # fmt: skip
_REGION_NAMES = {"while": ("cond", "body"), "if": ("then", "else"), "for": ("body",)}

Given = list[tuple[Argument, TensorType]]


class ModuleReader:
    """Reads all graphs of one file.

    Parameters
    ----------
    split : MlirText
    source : str
        Name of the file.
    notes : Notes
    """

    def __init__(self, split: MlirText, source: str, notes: Notes) -> None:
        self.split = split
        self.source = source
        self.notes = notes
        meaning = {k: split.text[a:b].strip() for k, (a, b) in split.aliases.items()}
        self.types = TypeTable({k: v for k, v in meaning.items() if k.startswith("!")})
        self.locations = LocationTable({k: v for k, v in meaning.items() if k.startswith("#")})
        self.attributes = meaning
        self.declarations: list[tuple[str, str]] = []
        self.module: list[tuple[str, str]] = []
        self.scopes: list[Scope] = []
        self.graph_ids = Namer(notes)
        self.of_symbol: dict[str, str] = {}
        self.work: deque[tuple[Scope, Region, Given]] = deque()
        self.n_parameters = self.parameter_bytes = 0

    def graphs(self) -> tuple[Graph, ...]:
        """Return the graphs: the main function first, regions after what is around them."""
        functions, loose = self._containers()
        functions.sort(key=lambda one: (one[0] != "main", " private" in one[2][:64]))
        planned = []
        for symbol, operation, own in functions:
            graph_id = self.graph_ids.unique(symbol, "function")
            self.of_symbol.setdefault(symbol, graph_id)
            planned.append((Scope(graph_id, graph_id, None, -1, Namer(self.notes)), operation, own))
        if loose:
            graph_id = self.graph_ids.unique("module", "module", is_noted=False)
            scope = Scope(graph_id, graph_id, None, -1, Namer(self.notes))
            self.scopes.append(scope)
            self._fill(scope, [Block(None, loose)])
            self._regions()
        for scope, operation, own in planned:
            self.scopes.append(scope)
            self._function(scope, operation, own)
            self._regions()
        self._connect()
        return tuple(map(self._built, self._ordered(bool(loose))))

    def _built(self, scope: Scope) -> Graph:
        source = MlirSource(scope, self.split, self.attributes, self.locations, self.source)
        graph = scope.build(source, self.notes)
        source.bind(graph.namespaces.paths)
        return graph

    def _connect(self) -> None:
        """Find the value of every operand."""
        n_captured = 0
        for scope in self.scopes:
            n_captured += scope.connect(self.notes, MAX_CAPTURED)
            if n_captured > MAX_CAPTURED:
                feature = f"more than {MAX_CAPTURED:,} values passed into regions"
                raise UnsupportedFeature(self.source, feature, format=FORMAT)
        if self.split.n_unclosed:
            message = "A bracket is open where its region ends"
            self.notes.add("damaged", message, n_times=self.split.n_unclosed)
        for alias in sorted(self.locations.missing):
            message = "A location is named that the file does not hold; its end may be missing"
            self.notes.add("damaged", message, alias)

    def _ordered(self, has_loose: bool) -> Iterator[Scope]:
        """Yield the scopes; operations outside of all functions come last."""
        first = [s for s in self.scopes if s.outer is None]
        if has_loose and len(first) > 1:
            at = self.scopes.index(first[1])
            return iter([*self.scopes[at:], *self.scopes[:at]])
        return iter(self.scopes)

    def _containers(self) -> tuple[list[tuple[str, Operation, str]], list[Operation]]:
        """Return the functions (symbol, operation, text) of all modules, and what is in none."""
        functions: list[tuple[str, Operation, str]] = []
        loose: list[Operation] = []
        work = [self.split.top]
        while work:
            inner: list[Region] = []
            for operation in (o for block in work.pop().blocks for o in block.operations):
                own = text_of(self.split.text, operation)
                symbol = symbol_of(own)
                if operation.name.rpartition(".")[2] == "module" and operation.regions:
                    self._describe(symbol, own)
                    inner += operation.regions
                elif symbol and operation.regions and not operation.results:
                    functions.append((symbol, operation, own))
                elif symbol and not operation.results:
                    self._declare(operation, symbol, own)
                elif not _RETURN.match(operation.name) or own.strip():
                    loose.append(operation)
            work += reversed(inner)
        return functions, loose

    def _describe(self, symbol: str, own: str) -> None:
        body, _location = split_location(own)
        if symbol:
            self.module.append(("module", cut(symbol)))
        pairs = [pair for pair in dictionaries(body)[0] if pair[0] != "sym_name"]
        self.module += [(cut(k), cut(v)) for k, v in pairs[:MAX_DECLARATIONS]]

    def _declare(self, operation: Operation, symbol: str, own: str) -> None:
        if len(self.declarations) < MAX_DECLARATIONS:
            body, _location = split_location(own)
            text = " ".join(body[:8192].split())
            self.declarations.append((cut(f"{operation.name} @{symbol}"), cut(text)))

    def _function(self, scope: Scope, operation: Operation, own: str) -> None:
        scope.own_facts = [("operation", operation.name)]
        body, location = split_location(own)
        frames = self.locations.location(location).frames
        if frames:
            scope.own_facts.append(("source", cut(frames[0])))
        at = body.find("@")
        declared = body[max(at, 0) :] if operation.name.rpartition(".")[2] != "module" else ""
        head = operation.regions[0].blocks[0].head
        given = [] if head is not None else self._typed(arguments(declared))
        outputs = [self._said_name(one) for one in function_results(declared)] if at >= 0 else []
        self._arguments(scope, given, is_function=True)
        for region in operation.regions:
            self._fill(scope, region.blocks, outputs)

    def _regions(self) -> None:
        """Read the regions that were found, and those found in them."""
        while self.work:
            scope, region, given = self.work.popleft()
            if len(self.scopes) >= MAX_GRAPHS:
                feature = f"more than {MAX_GRAPHS:,} regions"
                raise UnsupportedFeature(self.source, feature, format=FORMAT)
            self.scopes.append(scope)
            if region.blocks[0].head is None:
                self._arguments(scope, given, is_function=False)
            self._fill(scope, region.blocks)

    def _arguments(self, scope: Scope, given: Given, *, is_function: bool) -> None:
        """Add the inputs of a graph."""
        for one, type in given:
            place = self.locations.place(one.location)
            name = self._said_name(one) or (place.name if is_function else "")
            space = None if is_leaf_name(name) else ""
            node = scope.add_node(
                name or f"%{one.name}", INPUT, space, NodeKind.INPUT,
                NodeFacts(None, one.location, one),
            )  # fmt: skip
            scope.add_values(node, one.name, [type])

    def _typed(self, given: list[Argument]) -> Given:
        return [(one, self.types.type(one.type)) for one in given]

    def _said_name(self, one: Argument) -> str:
        """Return what the attributes call an argument or a result, or nothing."""
        if not any(key in one.attributes for key in _NAME_KEYS):
            return ""
        said = dict(dictionary(one.attributes))
        return next((said[k].strip('[]"') for k in _NAME_KEYS if said.get(k)), "")

    def _fill(self, scope: Scope, blocks: list[Block], outputs: list[str] | None = None) -> None:
        """Add the operations of a region to its graph."""
        for place, block in enumerate(blocks):
            if block.head is not None:
                self._block_arguments(scope, block.head, is_entry=place == 0)
        for block in blocks:
            last = len(block.operations) - 1
            for place, operation in enumerate(block.operations):
                self._operation(scope, operation, outputs or [], is_last=place == last)

    def _block_arguments(self, scope: Scope, head: Operation, *, is_entry: bool) -> None:
        given = self._typed(arguments(text_of(self.split.text, head)))
        if is_entry:
            self._arguments(scope, given, is_function=scope.outer is None)
            return
        nodes = scope.arguments.setdefault(head.name, [])
        for one, type in given:
            facts = NodeFacts(None, one.location, one)
            nodes.append(
                scope.add_node(f"%{one.name}", BLOCK_ARGUMENT, None, NodeKind.OPERATOR, facts)
            )
            scope.add_values(nodes[-1], one.name, [type])

    def _operation(
        self, scope: Scope, operation: Operation, outputs: list[str], *, is_last: bool
    ) -> None:
        own = text_of(self.split.text, operation)
        parts = take_apart(own, operation, scope.is_known)
        scope.n_operators += 1
        place = self.locations.place(parts.location)
        has_more = parts.results or operation.regions or parts.successors
        if is_last and not has_more and _RETURN.match(operation.name):
            self._outputs(scope, parts, outputs)
            return
        if place.classes:
            scope.classes.update(place.classes)
        is_constant = not parts.operands and _CONSTANT.match(operation.name) is not None
        wanted = f"%{parts.results[0][0]}" if parts.results else ""
        node = scope.add_node(
            wanted,
            _DIALECTS.get(operation.name, operation.name),
            None if is_constant else place.namespace,
            NodeKind.CONSTANT if is_constant and parts.results else NodeKind.OPERATOR,
            NodeFacts(operation, parts.location),
        )
        signature = self.types.signature(parts.signature) if parts.signature else None
        self._results(scope, node, parts, signature, len(own))
        if is_constant and parts.results:
            self._count(own, scope.value_types[-1])
        scope.add_operands(node, parts.operands)
        for label, given in parts.successors:
            for argument, operand in zip(scope.arguments.get(label, ()), given, strict=False):
                scope.add_input(argument, operand)
        self._links(scope, node, operation, parts, signature)

    def _results(
        self, scope: Scope, node: int, parts: Parts, signature: Signature | None, n_chars: int
    ) -> None:
        total = sum(count for _name, count in parts.results)
        if total > max(FEW_RESULTS, n_chars):  # a type has a letter at least
            reason = f"an operation of {n_chars:,} characters claims {total:,} results"
            raise DamagedSource(self.source, reason, format=FORMAT)
        types = result_types(signature, total)
        slot = 0
        for name, count in parts.results:
            scope.add_values(node, name, types[slot : slot + count], slot)
            slot += count

    def _count(self, own: str, type: TensorType) -> None:
        """Count a constant's elements: those that are stored, so one where it repeats one."""
        at = own.find("dense")
        stored = own[at : at + 64].partition("<")[2].lstrip()
        is_blob = own.startswith("dense_resource", max(at, 0))
        is_list = stored.startswith(("[", '"'))
        limit = len(self.split.text) if is_blob else len(own) if is_list else 1
        count = min(type.n_elements or 0, limit)
        self.n_parameters += count
        self.parameter_bytes += (count * DTYPE_BITS.get(type.dtype, 0) + 7) // 8

    def _outputs(self, scope: Scope, parts: Parts, names: list[str]) -> None:
        """Add a node for each value that a graph returns."""
        for place, operand in enumerate(parts.operands):
            said = names[place] if place < len(names) else ""
            node = scope.add_node(
                said or f"output_{place}", OUTPUT, "", NodeKind.OUTPUT, NodeFacts()
            )
            scope.add_operands(node, [operand])

    def _links(
        self, scope: Scope, node: int, operation: Operation, parts: Parts,
        signature: Signature | None,
    ) -> None:  # fmt: skip
        """Link the functions that an operation names, and its regions."""
        for symbol in dict.fromkeys(parts.symbols):
            if symbol in self.of_symbol:
                scope.subgraphs.append((node, self.of_symbol[symbol]))
        if not operation.regions:
            return
        scope.callers.add(node)
        types = (signature.operands or signature.results) if signature else ()
        of_name = {o[0]: type for o, type in zip(parts.operands, types, strict=False)}
        given = [
            (Argument(name, stated), self.types.type(stated) if stated else
             of_name.get(start, UNKNOWN_TYPE))
            for name, start, stated in parts.defined
        ]  # fmt: skip
        for label, region in zip(_labels(operation), operation.regions, strict=True):
            if region.blocks[0].head is None and not any(b.operations for b in region.blocks):
                continue
            wanted = f"{scope.id}/{scope.ids[node]}/{label}"
            graph_id = self.graph_ids.unique(wanted, "region")
            title = f"{scope.ids[node]} {operation.name} {label}"
            inner = Scope(graph_id, title, scope, node, Namer(self.notes))
            self.work.append((inner, region, given))
            scope.subgraphs.append((node, graph_id))


def result_types(signature: Signature | None, count: int) -> list[TensorType]:
    """Return a type for each of `count` results, unknown where the text does not say.

    Forms such as ``select %p, %a, %b : tensor<i1>, tensor<f32>`` state operands
    only, and the last is that of the result.
    """
    stated = signature.results if signature is not None else ()
    if len(stated) == count:
        return list(stated)
    if not stated:
        return [UNKNOWN_TYPE] * count
    if count == 1:
        return [stated[-1]]
    if len(stated) == 1:
        return list(stated) * count
    return [*stated[:count], *[UNKNOWN_TYPE] * (count - len(stated))]


def _labels(operation: Operation) -> list[str]:
    """Return what the regions of an operation are called."""
    kind = operation.name.rpartition(".")[2].lower()
    count = len(operation.regions)
    if kind in _REGION_NAMES and count <= len(_REGION_NAMES[kind]):
        return list(_REGION_NAMES[kind][:count])
    if kind in ("case", "index_switch"):
        return [f"branch_{i}" for i in range(count)]
    return ["body"] if count == 1 else [f"region_{i}" for i in range(count)]
