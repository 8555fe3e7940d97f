"""Arguments of an exported program's nodes as short text for the details pane. Imports no torch.

What is given here was decoded from JSON without a schema, so every shape is possible.
"""

from __future__ import annotations

import re
from typing import Any

from graphs.ir import Facts
from importers.dtypes import TORCH_DTYPES
from importers.fact_text import MAX_CHARS, MAX_FACTS, MAX_ITEMS, cut
from importers.pytorch_symbols import expression_text

LAYOUTS = ("", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "mkldnn")
MEMORY_FORMATS = ("", "contiguous", "channels_last", "channels_last_3d", "preserve")
_FRAME = re.compile(r'File "([^"]+)", line (\d+)(?:, in (\S+))?')
_GENERATED = "<eval_with_key>"


def argument_text(argument: Any) -> str:
    """Return an `Argument` as text; values are named with a percent sign before them."""
    if not isinstance(argument, dict) or not argument:
        return ""
    kind, value = next(iter(argument.items()))
    if kind == "as_string_to_argument" and isinstance(value, dict):
        items = [f"{k}: {_plain(v)}" for k, v in list(value.items())[:MAX_ITEMS]]
        return cut("{" + ", ".join(items) + "}")
    return cut(_of_kind(kind, value))


def _of_kind(kind: str, value: Any) -> str:
    """Return the value of one field of the union."""
    if kind == "as_none":
        return "None"
    if kind == "as_graph":
        return f"graph {_name(value)}"
    if kind == "as_scalar_type" and isinstance(value, int):
        return TORCH_DTYPES.get(value) or f"type {value}"
    if kind == "as_layout":
        return "strided" if value == 7 else _listed(LAYOUTS, value)
    if kind == "as_memory_format":
        return _listed(MEMORY_FORMATS, value)
    if kind == "as_device":
        return device_text(value)
    if kind == "as_operator":
        return str(value).removeprefix("torch.ops.")
    if isinstance(value, list):
        return _list(value)
    return _plain(value)


def _list(items: list[Any]) -> str:
    texts = [
        "[" + ", ".join(map(_plain, item[:MAX_ITEMS])) + "]"
        if isinstance(item, list)
        else _plain(item)
        for item in items[:MAX_ITEMS]
    ]
    more = f", … {len(items):,} in all" if len(items) > MAX_ITEMS else ""
    return f"[{', '.join(texts)}{more}]"


def _plain(value: Any) -> str:
    """Return a literal, or the name of a value."""
    if isinstance(value, dict):
        if "name" in value:
            return f"%{_name(value)}"
        kind, inner = next(iter(value.items()), ("", None))
        if kind == "as_name":
            return f"%{str(inner)[:MAX_CHARS]}"
        if kind == "as_none":
            return "None"
        if isinstance(inner, dict) and "name" in inner:
            return f"%{_name(inner)}"
        if isinstance(inner, dict) and isinstance(inner.get("expr_str"), str):
            return expression_text(inner["expr_str"])
        if set(value) == {"real", "imag"}:
            return f"{_number(value['real'])}+{_number(value['imag'])}j"
        return _number(inner) if not isinstance(inner, (dict, list)) else "…"
    return "…" if isinstance(value, list) else _number(value)


def _number(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)[:MAX_CHARS]


def _name(value: Any) -> str:
    return str(value.get("name", ""))[:MAX_CHARS] if isinstance(value, dict) else ""


def _listed(names: tuple[str, ...], index: Any) -> str:
    is_known = isinstance(index, int) and 0 < index < len(names)
    return names[index] if is_known else f"unknown ({str(index)[:20]})"


def device_text(device: Any) -> str:
    """Return e.g. ``cuda:0``."""
    if not isinstance(device, dict):
        return ""
    index = device.get("index")
    return cut(str(device.get("type", "")) + ("" if index is None else f":{index}"))


def is_reference(argument: Any) -> bool:
    """Return whether an `Argument` is a value and nothing else, which the edges show."""
    return isinstance(argument, dict) and next(iter(argument), "") in (
        "as_tensor",
        "as_custom_obj",
        "as_token",
    )


def metadata_facts(metadata: dict[str, Any]) -> Facts:
    """Return what the exporter says of a node, the source line first."""
    facts: Facts = []
    trace = metadata.get("stack_trace")
    if isinstance(trace, str) and (where := source_line(trace)):
        facts.append(("source", where))
    stack = metadata.get("nn_module_stack")
    if isinstance(stack, str) and stack:
        facts.append(("module class", cut(stack.rpartition(";")[2].rpartition(",")[2])))
    for key, value in list(metadata.items())[:MAX_FACTS]:
        if key != "nn_module_stack" and isinstance(value, str) and value:
            facts.append((cut(key), cut(value)))
    return facts


def source_line(trace: str) -> str:
    """Return ``FILE:LINE in FUNCTION`` of the innermost frame that somebody wrote."""
    frames = [f for f in _FRAME.findall(trace) if not f[0].startswith(_GENERATED)]
    if not frames:
        return ""
    file, line, function = frames[-1]
    return cut(f"{file}:{line}" + (f" in {function}" if function else ""))
