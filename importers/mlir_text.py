"""Split MLIR text into operations, regions and blocks. No framework, no recursion.

Grammar: https://mlir.llvm.org/docs/LangRef/

A dialect may print its operations in a form of its own, which only its parser
knows. What all forms share is enough: an operation begins with ``%results =`` or
with its name at the start of a line, and a brace that does not open a dictionary
opens a region. Most operations are one line, which is found by counting
brackets; only lines that leave one open are looked through mark by mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from graphs.errors import DamagedSource, UnsupportedFeature

FORMAT = "StableHLO / MLIR"
MAX_DEPTH = 200

STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_SSA = r"%[\w$.\-]+(?::\d+)?"
_RESULTS = rf"{_SSA}(?:\s*,\s*{_SSA})*"
_NAME = r"[A-Za-z_][\w$]*(?:\.[\w$\-]+)*"
_OPERATION = re.compile(rf'[ \t\r]*(?:({_RESULTS})\s*=\s*)?(?:"([^"\\\n]+)"(?=\s*\()|({_NAME}))')
_INNER = re.compile(rf'{_SSA}(?:\s*,\s*{_SSA})*\s*=\s*(?:"[^"\\\n]+"\s*\(|[A-Za-z_][\w$]*\.\w)')
_BEFORE = re.compile(r",\s{0,32}\Z")
_LABEL = re.compile(r"[ \t\r]*(\^[\w$.\-]+)\s*[(:]")
_ALIAS = re.compile(r"[ \t]*([#!][\w$.\-]+)\s*=\s*")
_REGION = re.compile(
    r"\{(?!\s*\}|-#|\s*(?:[\w$.\-]+|\"[^\"\n]*\")\s*[=,}])"
    r"|\{\s*(?:\w+\.)*(?:return|yield|unreachable|terminator)\s*\}"
)
_MARKS = re.compile(rf"{STRING}|//[^\n]*|[(){{}}\[\]]|%(?=[\w$])")
_CLOSES = {")": "(", "]": "[", "}": "{"}

# Words without a dialect that begin an operation; every other such word goes on with one.
_BARE = {
    "br", "call", "cond_br", "constant", "func", "module", "return", "switch",
    "unrealized_conversion_cast",
}  # fmt: skip

Span = tuple[int, int]


@dataclass(slots=True, eq=False)
class Operation:
    """One operation, or the head of a block.

    Attributes
    ----------
    name : str
        With its dialect; a block's label, with its ``^``.
    results : str
        What stands before the ``=``; may be empty.
    start : int
        Where the text after the name begins.
    spans : list of (int, int)
        The text after the name without that of the regions.
    regions : list of Region
    """

    name: str
    results: str
    start: int
    spans: list[Span] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Block:
    """Operations in order; `head` is None for a block without a label."""

    head: Operation | None = None
    operations: list[Operation] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Region:
    """Blocks in order; the first always exists."""

    blocks: list[Block] = field(default_factory=lambda: [Block()])


@dataclass(slots=True, eq=False)
class MlirText:
    """What a file holds.

    Attributes
    ----------
    text : str
    top : Region
        Operations that are in no other.
    aliases : dict of str to (int, int)
        ``#loc3``, ``!type`` -> where its meaning stands.
    resources : dict of str to (int, int)
        Blob of `dense_resource` -> where its hexadecimal digits stand.
    n_unclosed : int
        Brackets that were open where a region ended.
    """

    text: str
    top: Region
    aliases: dict[str, Span]
    resources: dict[str, Span]
    n_unclosed: int = 0


def split_text(text: str, source: str) -> MlirText:
    """Return the operations of an MLIR file.

    Raises
    ------
    DamagedSource
        The text ends inside a region, or a brace closes none.
    UnsupportedFeature
        Regions are nested deeper than `MAX_DEPTH`.
    """
    end = len(text)
    resources: dict[str, Span] = {}
    at = text.find("{-#")
    if at >= 0 and text[:at].rpartition("\n")[2].strip() == "":
        if text.find("#-}", at) < 0:
            reason = "it ends inside its resources"
            raise DamagedSource(source, reason, format=FORMAT, offset=at)
        resources = _resources(text, at)
        end = at
    splitter = _Splitter(text, source)
    splitter.run(end)
    return MlirText(text, splitter.top, splitter.aliases, resources, splitter.n_unclosed)


_BLOB = re.compile(r'([\w$.\-]+|"[^"\n]*")\s*:\s*"(?:0x)?([0-9A-Fa-f]*)"')


def _resources(text: str, at: int) -> dict[str, Span]:
    return {found[1].strip('"'): found.span(2) for found in _BLOB.finditer(text, at)}


class _Splitter:
    """Goes through the lines, with the operation that is open and the regions around it."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.top = Region()
        self.aliases: dict[str, Span] = {}
        self.block = self.top.blocks[0]
        self.open: list[str] = []  # brackets of the current operation
        self.operation: Operation | None = None
        self.piece = 0  # where its text goes on
        self.alias = ""
        self.around: list[tuple[Region, Block, Operation, list[str]]] = []
        self.region = self.top
        self.n_unclosed = 0

    def run(self, stop: int) -> None:
        """Go through the text up to `stop`."""
        text, at = self.text, 0
        while at < stop:
            end = text.find("\n", at, stop)
            end = stop if end < 0 else end
            if self.open or not self._is_one_line(at, end):
                self._scan(at, end)
            at = end + 1
        if self.around or self.open:
            reason = "it ends inside a region"
            raise DamagedSource(self.source, reason, format=FORMAT, offset=stop)
        self._finish(stop)

    def _is_one_line(self, at: int, end: int) -> bool:
        """Take a line that is one operation or one alias, whole; return whether it was."""
        count = self.text.count
        n_braces = count("{", at, end)
        if (
            n_braces != count("}", at, end)
            or count("(", at, end) != count(")", at, end)
            or count("[", at, end) != count("]", at, end)
            or (n_braces and _REGION.search(self.text, at, end))
        ):
            return False
        return self._begin(at, end) >= 0

    def _begin(self, at: int, end: int) -> int:
        """Begin the operation, block or alias at `at`; return where its text goes on, or -1."""
        found = _OPERATION.match(self.text, at, end)
        if found is not None:
            results, quoted, bare = found.groups()
            if results or quoted or "." in bare or bare in _BARE:
                self._finish(at)
                self._start(Operation(quoted or bare, results or "", found.end()))
                self.block.operations.append(self._current())
                return found.end()
            return -1
        first = self.text[at:end].lstrip()[:1]
        if first == "^" and (label := _LABEL.match(self.text, at, end)):
            self._finish(at)
            if self.block.operations or self.block.head:
                self.block = Block()
                self.region.blocks.append(self.block)
            self._start(Operation(label[1], "", label.end(1)))
            self.block.head = self.operation
            return label.end(1)
        if first in ("#", "!") and first and not self.around:
            alias = _ALIAS.match(self.text, at, end)
            if alias is not None:
                self._finish(at)
                self.alias, self.piece = alias[1], alias.end()
                return alias.end()
        return -1

    def _current(self) -> Operation:
        assert self.operation is not None
        return self.operation

    def _start(self, operation: Operation) -> None:
        self.operation, self.piece = operation, operation.start

    def _finish(self, at: int) -> None:
        """End the operation or alias that is open."""
        if self.operation is not None:
            self.operation.spans.append((self.piece, at))
            self.operation = None
        elif self.alias:
            self.aliases[self.alias] = (self.piece, at)
            self.alias = ""

    def _scan(self, at: int, end: int) -> None:
        """Go through a line mark by mark."""
        text = self.text
        if not self.open:
            at = max(at, self._begin(at, end))
        while found := _MARKS.search(text, at, end):
            mark, at = found[0], found.end()
            if mark == "%":
                # A list of names is looked at once, from its first on.
                is_first = (
                    not self.open
                    and text[at - 2 : at - 1] != ","
                    and (_BEFORE.search(text, max(0, at - 34), at - 1) is None)
                )
                if is_first and _INNER.match(text, found.start(), end):
                    at = max(at, self._begin(found.start(), end))
            elif mark in "([":
                self.open.append(mark)
            elif mark == "{":
                at = self._brace(found.start(), end)
            elif mark in ")]}":
                self._close(mark, found.start())

    def _brace(self, at: int, end: int) -> int:
        """Open a dictionary or a region; return where to go on."""
        # What follows the brace may stand on the next line, so the match may leave this one.
        if self.operation is None or not _REGION.match(self.text, at):
            self.open.append("{")
            return at + 1
        if len(self.around) >= MAX_DEPTH:
            feature = f"regions nested deeper than {MAX_DEPTH}"
            raise UnsupportedFeature(self.source, feature, format=FORMAT)
        operation = self.operation
        operation.spans.append((self.piece, at))
        self.around.append((self.region, self.block, operation, self.open))
        self.region = Region()
        operation.regions.append(self.region)
        self.block, self.open, self.operation = self.region.blocks[0], [], None
        return max(at + 1, self._begin(at + 1, end))

    def _close(self, mark: str, at: int) -> None:
        """Close a bracket; what was left open within it is forgotten."""
        wanted = _CLOSES[mark]
        if wanted in self.open:
            while self.open.pop() != wanted:
                pass
        elif mark == "}":
            if not self.around:
                reason = "a brace closes what was never opened"
                raise DamagedSource(self.source, reason, format=FORMAT, offset=at)
            self.n_unclosed += len(self.open)
            self._finish(at)
            self.region, self.block, self.operation, self.open = self.around.pop()
            self.piece = at + 1
