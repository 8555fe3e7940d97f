"""Take one operation's text apart: operands, types, what it defines, where it came from.

Works for every dialect, since only what all of them share is looked at: operands
are the ``%names``, the signature follows the last colon outside brackets, the
location comes last. Imports no framework.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from importers.mlir_text import STRING, Operation
from importers.mlir_types import closing, type_list

MAX_ITEMS = 100_000
MAX_DICTIONARIES = 4  # properties, attributes, and sometimes one more
MAX_LOCATIONS = 16  # places looked at for the one at the end

_COMMENT = re.compile(rf"({STRING})|//[^\n]*")
_STRINGS = re.compile(STRING)
_OPERAND = re.compile(r"%([\w$.\-]+)(?:#(\d{1,6}))?(\s*=(?!=)|:)?")
_RESULT = re.compile(r"%([\w$.\-]+)(?::(\d{1,6}))?")
_SUCCESSOR = re.compile(r"(\^[\w$.\-]+)(?:\s*\(([^()]*)\))?")
_SYMBOL = re.compile(r'@([\w$.\-]+|"[^"\n]*")')
_SYMBOL_NAME = re.compile(r'\bsym_name\s*=\s*"([^"\n]*)"')
_ALIAS_LOCATION = re.compile(r"\sloc\((#[\w$.\-]+|unknown)\)\s*\Z")
_DICTIONARY = re.compile(r"(?<![\w=<,])\s*<?\{")
_MARKS = re.compile(rf"{STRING}|->|[()<>\[\]{{}},:=]")

Operand = tuple[str, int]  # name, number of the result that is meant


@dataclass(slots=True)
class Parts:
    """What an operation's text says.

    Attributes
    ----------
    results : list of (str, int)
        Name and number of values of each result.
    operands : list of Operand
        Values that are used, in order.
    defined : list of (str, str, str)
        Names that the operation gives to values of its regions, e.g. loop
        variables; the name of the value that each starts with; its type. One of
        the last two is empty.
    signature : str
        Text of the types; may be empty.
    location : str
        ``#loc3`` or what stands in ``loc(...)``; may be empty.
    symbols : list of str
        Names with an ``@``, without it.
    successors : list of (str, list of Operand)
        Labels of blocks that may follow, and what they are given.
    """

    results: list[tuple[str, int]]
    operands: list[Operand]
    defined: list[tuple[str, str, str]]
    signature: str
    location: str
    symbols: list[str]
    successors: list[tuple[str, list[Operand]]]


def text_of(text: str, operation: Operation) -> str:
    """Return the text after the name, without comments and without that of its regions."""
    spans = operation.spans
    if len(spans) == 1:
        own = text[spans[0][0] : spans[0][1]]
    else:
        own = " ".join(text[start:end] for start, end in spans)
    if "//" in own:
        own = _COMMENT.sub(lambda found: found[1] or "", own)
    return own


def result_names(operation: Operation) -> list[tuple[str, int]]:
    """Return the results' names, each with the number of values that it stands for."""
    if not operation.results:
        return []
    found = _RESULT.findall(operation.results)
    return [(name, int(n) if n else 1) for name, n in found]


def take_apart(own: str, operation: Operation, is_known: Callable[[str], bool]) -> Parts:
    """Return the parts of an operation.

    Parameters
    ----------
    own : str
        Its text, as `text_of` gives it.
    operation : Operation
    is_known : callable
        Whether a name has a value already: then it is used, never defined anew.
    """
    body, location = split_location(own)
    plain = _STRINGS.sub('""', body) if '"' in body else body
    operands: list[Operand] = []
    defined: list[tuple[str, str, str]] = []
    if operation.regions:
        operands, defined = _definitions(plain, is_known)
    elif "%" in plain:
        found = _OPERAND.findall(plain)
        operands = [(name, int(number) if number else 0) for name, number, _mark in found]
    successors = _successors(plain) if "^" in plain else []
    symbols = [found.strip('"') for found in _SYMBOL.findall(body)] if "@" in body else []
    signature = signature_of(plain)
    return Parts(
        result_names(operation), operands, defined, signature, location, symbols, successors
    )


def _definitions(
    plain: str, is_known: Callable[[str], bool]
) -> tuple[list[Operand], list[tuple[str, str, str]]]:
    """Return the operands of an operation with regions, and the names that it defines."""
    operands: list[Operand] = []
    defined: list[tuple[str, str, str]] = []
    for found in _OPERAND.finditer(plain):
        name, number, mark = found.groups()
        if mark and not is_known(name):
            stated = type_list(plain, found.end())[0] if mark == ":" else []
            defined.append((name, "", stated[0] if stated else ""))
            continue
        operands.append((name, int(number) if number else 0))
        if defined and not any(defined[-1][1:]):
            defined[-1] = (defined[-1][0], name, "")
    return operands, defined


def _successors(plain: str) -> list[tuple[str, list[Operand]]]:
    found = _SUCCESSOR.findall(plain)
    return [
        (label, [(name, int(n) if n else 0) for name, n, _mark in _OPERAND.findall(given)])
        for label, given in found
    ]


def split_location(own: str) -> tuple[str, str]:
    """Return the text before a location at the end, and the location without ``loc(...)``."""
    found = _ALIAS_LOCATION.search(own, max(0, len(own) - 200))
    if found is not None:
        return own[: found.start()], found[1]
    own = own.rstrip()
    if not own.endswith(")"):
        return own, ""
    at = own.rfind("loc(")
    for _ in range(MAX_LOCATIONS):
        if at <= 0:
            break
        is_apart = own[at - 1].isspace() or own[at - 1] in ")}"
        if is_apart and closing(own, at + 3) == len(own):
            return own[:at], own[at + 4 : -1]
        at = own.rfind("loc(", 0, at)
    return own, ""


def signature_of(plain: str) -> str:
    """Return what follows the last colon that is in no bracket; empty where there is none."""
    at = plain.rfind(" : ")
    if at >= 0 and _is_even(plain, at):
        return plain[at + 3 :].strip()
    if ":" not in plain:
        return ""
    return _slow_signature(plain)


def _is_even(text: str, at: int) -> bool:
    """Return whether the brackets after `at` close each other, as far as counting tells."""
    count = text.count
    return (
        count("{", at) == count("}", at)
        and count("(", at) == count(")", at)
        and count("[", at) == count("]", at)
        and count("<", at) == count(">", at) - count("->", at)
    )


def _slow_signature(plain: str) -> str:
    depth = 0
    found = -1
    for mark in _MARKS.finditer(plain):
        sign = mark[0]
        if sign in "(<[{":
            depth += 1
        elif sign in ")>]}":
            depth = max(0, depth - 1)
        elif sign == ":" and depth == 0 and plain[mark.end() : mark.end() + 1] != ":":
            found = mark.end()
    return plain[found:].strip() if found >= 0 else ""


def symbol_of(own: str) -> str:
    """Return the symbol that an operation defines, or an empty text."""
    named = _SYMBOL_NAME.search(own)
    if named is not None:
        return named[1]
    start = own.lstrip()
    # Before the symbol there may be words such as `public` or `private`.
    found = re.match(r'(?:[a-z_]+\s+){0,4}@([\w$.\-]+|"[^"\n]*")', start)
    return found[1].strip('"') if found else ""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a block or a function, or a result of one.

    Attributes
    ----------
    name : str
        Without the ``%``; empty for a result.
    type : str
    attributes : str
        Text of its dictionary; may be empty.
    location : str
    """

    name: str
    type: str
    attributes: str = ""
    location: str = ""


def arguments(own: str) -> list[Argument]:
    """Return the arguments in the first parentheses that hold a ``%``, or none."""
    at = own.find("(")
    if at < 0:
        return []
    inner = own[at + 1 : max(at + 1, closing(own, at) - 1)]
    found = (_argument(piece) for piece in pieces(inner))
    return [one for one in found if one is not None and one.name]


def function_results(own: str) -> list[Argument]:
    """Return what follows the arrow of a function: types, with the dictionary of each."""
    at = own.find("(")
    if at < 0:
        return []
    after = own[closing(own, at) :].lstrip()
    if not after.startswith("->"):
        return []
    after = after[2:].lstrip()
    if not after.startswith("("):
        stated, _end = type_list(after, 0)
        return [Argument("", stated[0])] if stated else []
    inner = after[1 : max(1, closing(after, 0) - 1)]
    return [one for one in map(_argument, pieces(inner)) if one is not None]


def _argument(piece: str) -> Argument | None:
    """Read ``%arg0: tensor<4xf32> {key = value} loc("x")``, or only its type."""
    body, location = split_location(" " + piece.strip())
    body = body.strip()
    name = ""
    if body.startswith("%"):
        head, _, body = body.partition(":")
        name, body = head[1:].strip(), body.strip()
    stated, _end = type_list(body, 0) if not body.startswith("(") else ([body], len(body))
    if not stated:
        return None
    rest = body[body.find(stated[0]) + len(stated[0]) :].strip()
    return Argument(name, stated[0], rest if rest.startswith("{") else "", location)


def pieces(text: str, separator: str = ",") -> Iterator[str]:
    """Yield the parts of a text between separators that are in no bracket and no string."""
    depth = start = n = 0
    for mark in _MARKS.finditer(text):
        sign = mark[0]
        if sign in "(<[{":
            depth += 1
        elif sign in ")>]}":
            depth = max(0, depth - 1)
        elif sign == separator and depth == 0 and n < MAX_ITEMS:
            yield text[start : mark.start()]
            start = mark.end()
            n += 1
    if text[start:].strip():
        yield text[start:]


def dictionaries(body: str) -> tuple[list[tuple[str, str]], str]:
    """Return what all dictionaries of an operation say, and its text without them."""
    found: list[tuple[str, str]] = []
    at = 0
    for _ in range(MAX_DICTIONARIES):
        start = _DICTIONARY.search(body, at)
        if start is None:
            break
        brace = start.end() - 1
        end = closing(body, brace)
        found += dictionary(body[brace:end])
        body = body[: start.start()] + " " + body[end:].removeprefix(">")
        at = start.start()
    return found, body


def dictionary(text: str) -> list[tuple[str, str]]:
    """Return (key, value) of ``{key = value, flag, "quoted key" = 1 : i32}``."""
    inner = text.strip()
    inner = inner[1:-1] if inner[:1] == "{" and inner[-1:] == "}" else inner
    found: list[tuple[str, str]] = []
    for piece in pieces(inner):
        key, equals, value = piece.strip().partition("=")
        found.append((key.strip().strip('"'), value.strip() if equals else "true"))
    return found
