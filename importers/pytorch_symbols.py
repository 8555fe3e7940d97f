"""Symbolic sizes as short text: ``Add(Mul(Integer(2), Symbol('s0')), Integer(1))`` -> ``2*s0+1``.

Torch writes SymPy's `srepr` since 2.6 and plain text before
(https://docs.sympy.org/latest/modules/printing.html#sympy.printing.repr.srepr).
Nothing is evaluated. Imports no torch and no SymPy.
"""

from __future__ import annotations

import re
from functools import lru_cache

from importers.fact_text import cut

MAX_EXPRESSION_CHARS = 2048
MAX_DIM_CHARS = 64
_TOKEN = re.compile(r"\s*(?:'([^']*)'|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?)|([(),=]))")
_AROUND = re.compile(r" ?([-+*/%]+) ?")
_INFIX = {"Mul": "*", "Add": "+", "Pow": "**", "FloorDiv": "//", "PythonMod": "%", "Mod": "%"}
_LEAVES = ("Symbol", "Integer", "Float", "Dummy")


@lru_cache(maxsize=4096)
def expression_text(expression: str) -> str:
    """Return an expression as a reader would write it; as it stands if it is written otherwise."""
    text = expression[:MAX_EXPRESSION_CHARS]
    found = _infix(text) if "(" in text else None
    return cut(_tidied(text) if found is None else found, MAX_DIM_CHARS)


def symbols_of(expression: str) -> list[str]:
    """Return the symbols of an expression, each once."""
    text = expression[:MAX_EXPRESSION_CHARS]
    quoted = re.findall(r"(?:Symbol|Dummy)\('([^']+)'", text)
    return list(dict.fromkeys(quoted or re.findall(r"\b[a-z]\w*\d\b", text)))


def _tidied(text: str) -> str:
    """Return plain text as `_infix` would write it: ``2*s0+1`` for ``(2*s0 + 1)``."""
    flat = _AROUND.sub(r"\1", " ".join(text.split()))
    is_wrapped = flat[:1] == "(" and flat[-1:] == ")" and flat.count("(") == flat.count(")") == 1
    return flat[1:-1] if is_wrapped else flat


def _infix(text: str) -> str | None:
    """Rewrite calls as infix; None where the text is no `srepr`."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    name, at = "", 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        quoted, word, number, mark = token.groups()
        if word is not None:
            name = word
        elif mark == "(":
            stack.append((name, []))
            name = ""
        elif mark == ")":
            if len(stack) < 2:
                return None
            if name and name not in ("True", "False"):
                stack[-1][1].append(name)
            function, items = stack.pop()
            stack[-1][1].append(_written(function, items))
            name = ""
        elif mark in ("=", ","):
            if name and mark == "," and name not in ("True", "False"):
                stack[-1][1].append(name)
            name = ""
        else:
            stack[-1][1].append(quoted if quoted is not None else number)
    whole = stack[0][1]
    return whole[0] if len(stack) == 1 and len(whole) == 1 and not name else None


def _written(function: str, items: list[str]) -> str:
    """Return one call as text; its arguments are text already."""
    function = function.rpartition(".")[2]
    if function in _LEAVES and items:
        return items[0]
    if function == "Rational" and len(items) == 2:
        return f"({items[0]}/{items[1]})"
    if function not in _INFIX:
        return f"{function}({', '.join(items)})"
    parts = items if function == "Add" else [f"({i})" if _is_sum(i) else i for i in items]
    return _INFIX[function].join(parts).replace("+-", "-")


def _is_sum(text: str) -> bool:
    """Return whether a part needs parentheses beside a stronger operator."""
    return not re.fullmatch(r"-?[\w.]+|\w+\([^()]*\)|\([^()]*\)", text)
