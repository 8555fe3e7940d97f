"""Load an exported PyTorch program and fill in its inputs; in the worker process only.

The graph takes parameters, buffers and constants as inputs beside the reader's own:
https://docs.pytorch.org/docs/stable/export.html#torch.export.graph_signature.ExportGraphSignature
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphs.errors import NotRunnable
from measures.runners.failure import words_of
from measures.runners.torch_guards import check_operators, guarded_loading
from measures.runners.torch_partial import missing_operators, take_out
from measures.samples import Feed, InputSpec, Samples, samples

MAX_MODEL_BYTES = 8 << 30
MAX_PROGRAM_BYTES = 1 << 30
# Libraries of operators that must be imported to be known: as programs name them -> module.
_REGISTERS = {
    b"torch.ops.quantized_decomposed.": "torch.ao.quantization.fx._decomposed",
    b"torch.ops.torchao.": "torchao",
    b"torch.ops.torchvision.": "torchvision",
}
_SAME_VALUES = ("to", "_to_copy", "view", "reshape", "unsqueeze", "squeeze", "alias", "clone")


@dataclass(slots=True)
class Program:
    """A program that can be run.

    Attributes
    ----------
    module : fx.GraphModule
        Takes every placeholder as a positional argument.
    fixed : dict of str to Any
        Value by placeholder, of parameters, buffers and constants.
    titles : dict of str to str
        Name of a parameter, buffer or constant as the file calls it, by placeholder.
    inputs : list of fx.Node
        The placeholders that a run is fed with, tensors all of them.
    sizes : list of (fx.Node, SymInt)
        The placeholders that take a size.
    least : dict of str to int
        Least value of each free size, by its symbol.
    skipped : dict of str to str
        Call of the file that is not in `module` -> why.
    """

    module: Any
    fixed: dict[str, Any]
    titles: dict[str, str]
    inputs: list[Any]
    sizes: list[tuple[Any, Any]]
    least: dict[str, int]
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def placeholders(self) -> list[Any]:
        """All of them, in order."""
        return list(self.module.graph.find_nodes(op="placeholder"))

    def values(self, feed: Feed, free: Mapping[str, int]) -> dict[str, Any]:
        """Return a value for every placeholder."""
        import torch

        given = {n.name: torch.from_numpy(feed[n.name].copy()) for n in self.inputs}
        counted = {node.name: _size(size, free) for node, size in self.sizes}
        return {**self.fixed, **given, **counted}


def load(path: str) -> Program:
    """Return a program whose every call is an operator; those that torch lacks are left out.

    Raises
    ------
    NotRunnable
        It is too large, not readable by this torch, or calls what is no operator.
    """
    import torch

    if Path(path).stat().st_size > MAX_MODEL_BYTES:
        raise NotRunnable("the model", f"a file of at most {MAX_MODEL_BYTES:,} bytes")
    try:
        _register(path)
        with warnings.catch_warnings(), guarded_loading(), missing_operators():
            warnings.simplefilter("ignore")  # of old formats; what matters is an exception
            exported = torch.export.load(path)
            skipped = take_out(exported.graph_module)
    except NotRunnable:
        raise
    except Exception as error:  # torch raises whatever its parts raise
        needs = f"a program that this torch loads ({words_of(error)})"
        raise NotRunnable("the model", needs) from error
    check_operators(exported.graph_module)
    program = _program(exported)
    program.skipped = skipped
    return program


def _register(path: str) -> None:
    """Import the libraries of operators that the program names, where they are installed."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".json") and info.file_size <= MAX_PROGRAM_BYTES:
                content = archive.read(info)
                for name, module in _REGISTERS.items():
                    if name in content and importlib.util.find_spec(module.partition(".")[0]):
                        importlib.import_module(module)


def _program(exported: Any) -> Program:
    found = Program(exported.graph_module, {}, {}, [], [], {})
    for symbol, bounds in exported.range_constraints.items():
        lower = bounds.lower
        found.least[str(symbol)] = int(lower) if lower.is_finite else 1
    held = {**exported.constants, **exported.state_dict}
    specs = exported.graph_signature.input_specs
    for node, spec in zip(found.placeholders, specs, strict=True):
        _place(found, node, spec, held)
    return found


def _place(found: Program, node: Any, spec: Any, held: Mapping[str, Any]) -> None:
    """Say what a placeholder takes."""
    kind = spec.kind.name
    if kind != "USER_INPUT":
        if spec.target not in held:
            raise NotRunnable("the model", f"the value of {spec.target or node.name} in the file")
        found.fixed[node.name] = held[spec.target]
        found.titles[node.name] = spec.target
        return
    value = node.meta.get("val")
    if hasattr(spec.arg, "value"):  # a number, a text or nothing, as at export
        found.fixed[node.name] = spec.arg.value
        found.titles[node.name] = node.name
    elif hasattr(value, "shape"):
        found.inputs.append(node)
    else:
        found.sizes.append((node, value))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Inputs for a program: the feeds, and the sizes taken for its free dimensions."""

    samples: Samples
    free: dict[str, int]


def feeds(program: Program, request: Mapping[str, Any]) -> Drawn:
    """Return the feeds that a request asks for, free dimensions filled in.

    Raises
    ------
    NotRunnable
        A size is given for a symbol that there is not, or an array has another shape.
    """
    free, notes = _free(program, request)
    specs = [_spec(program, node, free) for node in program.inputs]
    batches = {spec.shape[0] for spec in specs if spec.shape}
    batch = next(iter(batches)) if len(batches) == 1 else 1
    drawn = samples(specs, {**request, "dims": {}, "batch": batch})
    if request.get("inputs"):
        for feed in drawn.feeds:
            _check_shapes(specs, feed, program)
        notes = ()
    return Drawn(Samples(drawn.feeds, drawn.origin, (*drawn.notes, *notes)), free)


def _free(program: Program, request: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
    given = {str(k): int(v) for k, v in (request.get("dims") or {}).items()}
    strange = [name for name in given if name not in program.least]
    if strange:
        there = ", ".join(program.least) or "none: every size is fixed"
        raise NotRunnable("the model", f"sizes of its free dimensions only ({there})")
    low = [
        f"{name} ≥ {program.least[name]}" for name, n in given.items() if n < program.least[name]
    ]
    if low:
        raise NotRunnable("the model", f"sizes within the bounds of the program: {', '.join(low)}")
    default = int(request.get("free_dimension", 1))
    taken = {name: given.get(name, max(default, least)) for name, least in program.least.items()}
    guessed = [f"{name} = {taken[name]}" for name in program.least if name not in given]
    words = (f"Free dimensions taken as {', '.join(guessed)[:200]}",) if guessed else ()
    return taken, words


def _size(size: Any, free: Mapping[str, int]) -> int:
    """Return a size, symbols replaced by what they are taken as."""
    import sympy

    if isinstance(size, int):
        return size
    expression = size.node.expr
    values = {symbol: free.get(str(symbol), 1) for symbol in expression.free_symbols}
    return int(sympy.Integer(expression.subs(values)))


def _spec(program: Program, node: Any, free: Mapping[str, int]) -> InputSpec:
    value = node.meta["val"]
    dtype = str(value.dtype).removeprefix("torch.")
    rows = _table_rows(node, program)
    low, high = (0.0, float(rows - 1)) if rows else (None, None)
    shape = tuple(_size(size, free) for size in value.shape)
    return InputSpec(node.name, dtype, shape, low=low, high=high)


def _table_rows(node: Any, program: Program) -> int:
    """Return the rows of the table from which an input picks; 0 where it picks from none."""
    waiting, seen = [node], {node}
    while waiting:
        for user in waiting.pop().users:
            name = op_name(user)
            if name == "embedding" and user.args[1] in seen:
                return int(user.args[0].meta["val"].shape[0])
            if name in _SAME_VALUES and user not in seen:
                seen.add(user)
                waiting.append(user)
    return 0


def op_name(node: Any) -> str:
    """Return e.g. ``conv2d`` for a call of ``aten.conv2d.default``; empty for no operator."""
    schema = getattr(node.target, "_schema", None)
    return "" if schema is None else str(schema.name.partition("::")[2])


def _check_shapes(specs: Sequence[InputSpec], feed: Feed, program: Program) -> None:
    nodes = {node.name: node for node in program.inputs}
    for spec in specs:
        shape = feed[spec.name].shape
        wanted = nodes[spec.name].meta["val"].shape
        fits = len(shape) == len(wanted) and all(
            not isinstance(size, int) or size == n for n, size in zip(shape, wanted, strict=True)
        )
        if not fits:
            said = ", ".join(map(str, wanted))
            raise NotRunnable("the model", f"input {spec.name} of shape ({said}), not {shape}")
        feed[spec.name] = feed[spec.name].astype(spec.dtype)
