"""Cut one operator out of a TFLite model as a model of its own; in the worker only.

The Python package of LiteRT offers no profiler, so an operator is timed alone: a
flatbuffer with the operator, its constants and its inputs as graph inputs.
Schema: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
"""

from __future__ import annotations

import copy
from typing import Any

from graphs.errors import DamagedSource

_FILE_IDENTIFIER = b"TFL3"


class OperatorCutter:
    """Makes models of single operators of the main subgraph.

    Parameters
    ----------
    content : bytes
        The whole file.

    Raises
    ------
    DamagedSource
        The file is not a model with a subgraph.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self._model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
        if not self._model.subgraphs:
            raise DamagedSource("the model", "it has no subgraph", format="TFLite")
        self._graph = self._model.subgraphs[0]

    @property
    def model(self) -> Any:
        """The whole ModelT."""
        return self._model

    @property
    def graph(self) -> Any:
        """The main SubGraphT."""
        return self._graph

    @property
    def n_operators(self) -> int:
        """Operators of the main subgraph."""
        return len(self._graph.operators or [])

    def name(self, tensor: int) -> str:
        """Return the name of a tensor."""
        return _text(self._graph.tensors[tensor].name)

    def operator_name(self, code: int) -> str:
        """Return what an operator code stands for: a custom operator's own name."""
        own = self._model.operatorCodes[code]
        if own.customCode:
            return _text(own.customCode)
        known = vars(self._schema.BuiltinOperator)
        number = max(own.builtinCode, own.deprecatedBuiltinCode)
        return next((name for name, at in known.items() if at == number), f"number {number}")

    def whole(self) -> bytes:
        """Return the model as it is now, as the content of a file."""
        return _packed(self._model)

    def constant(self, tensor: int) -> bool:
        """Tell whether a tensor's data is in the file."""
        own = self._graph.tensors[tensor]
        data = self._model.buffers[own.buffer].data
        return data is not None and len(data) > 0

    def refusal(self, operator: int) -> str:
        """Return what an operator would need beside itself to run; empty where it can run alone."""
        own = self._graph.operators[operator]
        options = type(own.builtinOptions).__name__
        if options in ("IfOptionsT", "WhileOptionsT", "CallOnceOptionsT", "CallOptionsT"):
            return "another subgraph, which it calls"
        if any(self._graph.tensors[t].isVariable for t in own.inputs if t >= 0):
            return "the state that it keeps"
        return ""

    def model_of(self, operator: int | None) -> tuple[bytes, list[int]]:
        """Return a model of one operator, and the tensors that its inputs stand for.

        None gives the model without operators: what calling a model costs.
        """
        s = self._schema
        source = [] if operator is None else [self._graph.operators[operator]]
        kept = [int(t) for o in source for t in (*o.inputs, *o.outputs) if t >= 0]
        kept = list(dict.fromkeys(kept)) or [int(self._graph.inputs[0])]
        place = {old: new for new, old in enumerate(kept)}
        given = [t for o in source for t in dict.fromkeys(map(int, o.inputs)) if t >= 0]
        given = [t for t in given if not self.constant(t)] if source else kept
        produced = [int(t) for o in source for t in o.outputs if t >= 0] if source else kept
        graph = s.SubGraphT()
        buffers = [s.BufferT()]
        graph.tensors = [self._tensor(t, buffers) for t in kept]
        graph.inputs = [place[t] for t in given]
        graph.outputs = [place[t] for t in produced]
        graph.operators = [_renumbered(o, place) for o in source]
        model = s.ModelT()
        model.version = self._model.version
        model.operatorCodes = [self._model.operatorCodes[o.opcodeIndex] for o in source]
        model.subgraphs, model.buffers = [graph], buffers
        return _packed(model), given

    def _tensor(self, index: int, buffers: list[Any]) -> Any:
        """Return a copy of a tensor with its data in `buffers`."""
        own = copy.copy(self._graph.tensors[index])
        own.buffer = 0
        if self.constant(index):
            buffers.append(self._model.buffers[self._graph.tensors[index].buffer])
            own.buffer = len(buffers) - 1
        return own


def _packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=_FILE_IDENTIFIER)
    return bytes(builder.Output())


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")


def _renumbered(operator: Any, place: dict[int, int]) -> Any:
    own = copy.copy(operator)
    own.opcodeIndex = 0
    own.inputs = [place.get(int(t), -1) for t in operator.inputs]
    own.outputs = [place.get(int(t), -1) for t in operator.outputs]
    own.intermediates = []
    return own
