"""Read HLO text into computations: columns of instructions. No framework, no recursion.

Grammar, as XLA's own parser has it:
https://github.com/openxla/xla/blob/main/xla/hlo/parser/hlo_parser.cc

An instruction is ``[ROOT] %name = shape opcode(operands), key=value, ...`` on one
line; a literal may go on over several. What stands after the operands is kept as
text and taken apart when somebody looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphs.errors import DamagedSource

FORMAT = "HLO"
MAX_PARENTHESES = 64

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_STRINGS = re.compile(STRING)
_OPERAND_BRACKETS = re.compile(rf"{STRING}|/\*[^*]*\*/|[()]")
_BRACKETS = re.compile(rf"{STRING}|[(){{}}]")
_INSTRUCTION = re.compile(r"\s*(ROOT\s+)?%?([^\s=%,(){}]+)\s*=\s*")
_OPCODE = re.compile(r"\s([a-zA-Z][\w\-]*)\(")
_HEADER = re.compile(r"(ENTRY\s+)?%?([^\s=%,(){}]+)\s*[({]")
_NAMES = re.compile(r"%([^\s,(){}]+)")
_TYPES = re.compile(r"/\*[^*]*\*/|\{[^{}]*\}|\[[^\[\]]*\]")
_NESTED = re.compile(r"\([^()]*\)")
_CALLED = re.compile(
    r"[\s,](calls|to_apply|condition|body|branch_computations|true_computation|false_computation"
    r"|select|scatter|called_computations)=(?:\{([^{}]*)\}|%?([^\s,(){}]+))"
)
_CONTROL = re.compile(r"control-predecessors=\{([^{}]*)\}")
_OP_NAME = re.compile(r'op_name="([^"\\]*(?:\\.[^"\\]*)*)"')
_TABLE = re.compile(r"(FileNames|FunctionNames|FileLocations|StackFrames)\s*\Z")
_WITHOUT_OPERANDS = {"constant", "parameter"}


@dataclass(slots=True)
class Computation:
    """One computation: columns of n instructions in the file's order.

    Attributes
    ----------
    name : str
    is_entry : bool
    names, opcodes, shapes : list of str, length n
        Shapes as the file writes them, with their layouts.
    inner : list of str, length n
        What stands between the parentheses: operands, a literal, a number.
    details : list of str, length n
        What follows them.
    operands : list of (list of str), length n
        Names of instructions of this computation.
    control : dict of int to list of str
        Instruction -> names of those that must run before it.
    calls : dict of int to list of str
        Instruction -> names of computations that it calls.
    op_names : list of str, length n
        What the framework called the operation; empty where it did not.
    root : int
        The instruction whose value is the result, or -1.
    """

    name: str
    is_entry: bool = False
    names: list[str] = field(default_factory=list)
    opcodes: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    operands: list[list[str]] = field(default_factory=list)
    control: dict[int, list[str]] = field(default_factory=dict)
    calls: dict[int, list[str]] = field(default_factory=dict)
    op_names: list[str] = field(default_factory=list)
    root: int = -1


@dataclass(slots=True)
class TextModule:
    """What the text holds.

    Attributes
    ----------
    name : str
    header : str
        Attributes of the module, as text.
    computations : list of Computation
    tables : dict of str to (dict of int to str)
        Tables of stack frames by their headings, rows by number.
    """

    name: str
    header: str
    computations: list[Computation] = field(default_factory=list)
    tables: dict[str, dict[int, str]] = field(default_factory=dict)


def read_text(text: str, source: str) -> TextModule:
    """Return the computations of an HLO module.

    Raises
    ------
    DamagedSource
        The text ends inside a computation, or a line is no instruction.
    """
    module = TextModule("", "")
    current: Computation | None = None
    table: dict[int, str] | None = None
    for offset, line in _whole_lines(text):
        if current is not None:
            if line.lstrip().startswith("}"):
                module.computations.append(current)
                current = None
            else:
                _add_instruction(current, line, offset, source)
            continue
        start = line.strip()
        if start.startswith("HloModule"):
            name, _, module.header = start[len("HloModule") :].strip().partition(",")
            module.name = name.strip()
        elif heading := _TABLE.match(start):
            table = module.tables.setdefault(heading[1], {})
        elif table is not None and start[:1].isdigit():
            number, _, row = start.partition(" ")
            if number.isascii() and number.isdigit() and len(number) < 10:
                table[int(number)] = row
        elif (header := _HEADER.match(start)) and _is_header(line):
            current = Computation(header[2], bool(header[1]))
        elif start and not start.startswith(("//", "}", "#")):
            raise DamagedSource(source, "a line is no HLO", format=FORMAT, offset=offset)
    if current is not None:
        reason = f"it ends inside the computation {current.name}"
        raise DamagedSource(source, reason, format=FORMAT, offset=len(text))
    return module


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, line); lines that leave a literal open are joined with those that close it."""
    offset = held_at = 0
    held: list[str] = []
    depth = 0
    for line in text.split("\n"):
        is_even = line.count("(") == line.count(")") and line.count("{") == line.count("}")
        if not held and (is_even or line.lstrip()[:1] == "}" or _is_header(line)):
            if not line.isspace() and line:
                yield offset, line
        else:
            if not held:
                held_at = offset
            held.append(line)
            depth += _opened(line)
            if depth <= 0:
                yield held_at, "\n".join(held)
                held, depth = [], 0
        offset += len(line) + 1
    if held:
        yield held_at, "\n".join(held)


def _is_header(line: str) -> bool:
    plain = line.partition(" //")[0] if "//" in line else line
    return plain.rstrip().endswith("{") and " = " not in plain


def _opened(line: str) -> int:
    """Return how many brackets a line opens beyond those that it closes."""
    found = _BRACKETS.findall(line)
    return sum((mark in "({") - (mark in ")}") for mark in found if len(mark) == 1)


def _add_instruction(computation: Computation, line: str, offset: int, source: str) -> None:
    head = _INSTRUCTION.match(line)
    opcode = _OPCODE.search(line, head.end() - 1) if head else None
    if head is None or opcode is None:
        if line.lstrip().startswith("//"):
            return
        raise DamagedSource(source, "a line is no instruction", format=FORMAT, offset=offset)
    close = line.find(")", opcode.end())
    if close >= 0 and line.find("(", opcode.end(), close) >= 0:
        close = _closing(line, opcode.end())
    if close < 0:
        raise DamagedSource(source, "an instruction is cut", format=FORMAT, offset=offset)
    inner, details = line[opcode.end() : close], line[close + 1 :]
    index = len(computation.names)
    if head[1]:
        computation.root = index
    computation.names.append(head[2])
    computation.opcodes.append(opcode[1])
    computation.shapes.append(line[head.end() : opcode.start()].strip())
    computation.inner.append(inner)
    computation.details.append(details)
    is_leaf = opcode[1] in _WITHOUT_OPERANDS
    computation.operands.append([] if is_leaf else _operand_names(inner))
    at = details.find("metadata={")
    op_name = _OP_NAME.search(details, at) if at >= 0 else None
    computation.op_names.append(unescaped(op_name[1]) if op_name else "")
    _add_links(computation, index, details)


def _add_links(computation: Computation, index: int, details: str) -> None:
    """Record the computations that an instruction calls, and what must run before it."""
    if not _CALLED.search(details) and "control-predecessors" not in details:
        return
    plain = _STRINGS.sub('""', details) if '"' in details else details
    called = [
        name
        for _key, several, one in _CALLED.findall(plain)
        for name in (_plain_names(several) if several else [one])
        if name
    ]
    if called:
        computation.calls[index] = called
    before = _CONTROL.search(plain)
    if before:
        computation.control[index] = _plain_names(before[1])


def _plain_names(text: str) -> list[str]:
    return [name.strip().lstrip("%") for name in text.split(",") if name.strip()]


def _closing(line: str, start: int) -> int:
    """Return where the parenthesis that is open at `start` closes, or -1."""
    depth = 1
    for mark in _OPERAND_BRACKETS.finditer(line, start):
        if mark[0] == "(":
            depth += 1
        elif mark[0] == ")":
            depth -= 1
            if depth == 0:
                return mark.start()
    return -1


def _operand_names(inner: str) -> list[str]:
    """Return the operands; each may have its shape before it, and names may lack their ``%``."""
    if not inner or inner.isspace():
        return []
    if "%" in inner:
        return _NAMES.findall(inner)
    plain = _TYPES.sub("", inner)
    for _ in range(MAX_PARENTHESES):
        if "(" not in plain:
            break
        plain = _NESTED.sub("", plain)
    words = (piece.split() for piece in plain.split(","))
    return [found[-1] for found in words if found]


def unescaped(text: str) -> str:
    r"""Return the text of a quoted string without its escapes (``\"``, ``\\``, ``\'``)."""
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text


def split_attributes(details: str) -> list[tuple[str, str]]:
    """Return (key, value) of ``, key=value, key={...}, key="..."``, values as text."""
    pieces: list[str] = []
    depth = start = 0
    for mark in _ATTRIBUTE_MARKS.finditer(details):
        sign = mark[0]
        if sign in "({[":
            depth += 1
        elif sign in ")}]":
            depth = max(0, depth - 1)
        elif sign == "," and depth == 0:
            pieces.append(details[start : mark.start()])
            start = mark.end()
    pieces.append(details[start:])
    pairs = (piece.strip().partition("=") for piece in pieces)
    return [(key.strip(), value.strip()) for key, _, value in pairs if key.strip()]


_ATTRIBUTE_MARKS = re.compile(rf"{STRING}|[(){{}}\[\],]")
