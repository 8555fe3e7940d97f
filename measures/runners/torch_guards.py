"""Keep a hostile PyTorch program from running more than operators; in the worker process only.

`torch.export.load` evaluates shape expressions with SymPy's `sympify`, which is Python's
`eval`; writes the names in the file into Python code and executes it; unpickles weights
where a safe reading fails; loads machine code of AOTInductor; and takes any callable
under `torch` for an operator. Each is closed here, where torch does it, so that no other
reading of the file than torch's own decides.
"""

from __future__ import annotations

import ast
import contextlib
import keyword
import os
import unittest.mock
from collections.abc import Iterator
from typing import Any

from graphs.errors import NotRunnable

MAX_EXPRESSION_CHARS = 10_000
MAX_EXPONENT = 64
# What may be called in a shape expression; everything else in it is numbers and symbols.
_FUNCTIONS = frozenset({
    "Symbol", "Dummy", "Integer", "Float", "Rational", "Add", "Mul", "Pow", "Mod", "Max", "Min",
    "Abs", "And", "Or", "Not", "Eq", "Ne", "Equality", "Unequality", "Lt", "Le", "Gt", "Ge",
    "LessThan", "GreaterThan", "StrictLessThan", "StrictGreaterThan", "Piecewise",
    "ExprCondPair", "Tuple", "floor", "ceiling", "sign", "FloorDiv", "ModularIndexing", "Where",
    "PythonMod", "CleanDiv", "CeilDiv", "CeilToInt", "FloorToInt", "IntTrueDiv", "FloatTrueDiv",
    "LShift", "RShift", "ToFloat", "TruncToInt", "TruncToFloat", "RoundToInt", "RoundDecimal",
    "FloatPow", "PowByNatural", "Identity",
})  # fmt: skip
_NODES = (
    ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.BinOp,
    ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Tuple, ast.operator, ast.unaryop, ast.boolop,
    ast.cmpop,
)  # fmt: skip
# Libraries of operators that compute on tensors and do nothing else.
_LIBRARIES = frozenset(
    {"aten", "prims", "quantized_decomposed", "quantized", "torchao", "torchvision", "onednn"}
)
_READS_FILES = frozenset({"from_file"})
_HIGHER_ORDER = frozenset({
    "cond", "while_loop", "scan", "associative_scan", "map", "map_impl", "invoke_subgraph",
    "wrap_with_autocast", "wrap_with_set_grad_enabled", "strict_mode", "wrap", "out_dtype",
    "flex_attention", "hints_wrapper",
})  # fmt: skip
_PLAIN_MODULES = frozenset({"_operator", "math", "torch"})
_PLAIN = frozenset({
    "getitem", "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs",
    "eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "not_", "lshift", "rshift", "trunc",
    "ceil", "floor", "sym_float", "sym_int", "sym_not", "sym_max", "sym_min", "sym_ite",
    "sym_sum", "_sym_sqrt", "sqrt",
})  # fmt: skip


@contextlib.contextmanager
def guarded_loading() -> Iterator[None]:
    """Evaluate arithmetic only, write code of plain names only, load no pickle or machine code."""
    import sympy
    import torch
    from torch.export.pt2_archive import _package

    evaluate, write = sympy.sympify, torch.fx.Graph.python_code

    def checked_evaluate(text: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(text, str):
            check_expression(text)
        return evaluate(text, *arguments, **named)

    def checked_write(graph: Any, *arguments: Any, **named: Any) -> Any:
        check_names(graph)
        return write(graph, *arguments, **named)

    with contextlib.ExitStack() as stack:
        replace = unittest.mock.patch.object
        stack.enter_context(replace(sympy, "sympify", checked_evaluate))
        stack.enter_context(replace(torch.fx.Graph, "python_code", checked_write))
        stack.enter_context(replace(_package, "_load_aoti", _refuse_code))
        forced = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}
        stack.enter_context(unittest.mock.patch.dict(os.environ, forced))
        yield


def check_names(graph: Any) -> None:
    """Refuse names that would be more than names in the code that torch writes of a graph.

    Raises
    ------
    NotRunnable
    """
    for node in graph.nodes:
        names = [node.name, *node.kwargs]
        if isinstance(node.target, str):
            names += node.target.split(".")
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise NotRunnable("the model", f"names that are names, not {name[:60]!r}")


def check_expression(text: str) -> None:
    """Refuse a shape expression that is more than arithmetic.

    Raises
    ------
    NotRunnable
    """
    try:
        tree = ast.parse(text, mode="eval") if len(text) <= MAX_EXPRESSION_CHARS else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None or not all(map(_is_harmless, ast.walk(tree))):
        raise NotRunnable("the model", f"shapes that are arithmetic, not {text[:60]!r}")


def _is_harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        power = node.right  # a tower of powers would be computed for ever
        return isinstance(power, ast.Constant) and isinstance(power.value, int) and (
            abs(power.value) <= MAX_EXPONENT
        )  # fmt: skip
    return isinstance(node, _NODES)


def _refuse_code(*_: Any, **__: Any) -> Any:
    raise NotRunnable("the model", "a program without machine code of AOTInductor in it")


def check_operators(module: Any) -> None:
    """Refuse a program, or a body in it, that calls anything but operators on tensors.

    Raises
    ------
    NotRunnable
        Names what it would call.
    """
    for part in module.modules():
        graph = getattr(part, "graph", None)
        for node in graph.nodes if graph is not None else ():
            if node.op not in ("placeholder", "output", "get_attr", "call_function"):
                raise NotRunnable("the model", f"a graph of calls, not {node.op}", node=node.name)
            if node.op == "call_function" and not is_operator(node.target):
                needs = f"operators on tensors, not {str(node.target)[:60]}"
                raise NotRunnable("the model", needs, node=node.name)


def is_operator(target: Any) -> bool:
    """Tell whether a call's target computes on tensors or sizes and does nothing else."""
    from torch._ops import HigherOrderOperator, OpOverload

    if isinstance(target, OpOverload):
        name = target._schema.name.partition("::")[2]  # noqa: SLF001 - the name without overload
        return target.namespace in _LIBRARIES and name not in _READS_FILES
    if isinstance(target, HigherOrderOperator):
        return target.name() in _HIGHER_ORDER
    module, name = getattr(target, "__module__", ""), getattr(target, "__name__", "")
    return module in _PLAIN_MODULES and name in _PLAIN
