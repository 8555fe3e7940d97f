"""The language of the search box: text to terms. Knows no graph; imports only our errors.

conv bias            both words, anywhere: name, op type, tensor, namespace
"conv 1"             quotes keep a space, or take a character such as < literally
op:conv  op=Conv     the op type contains, is exactly
name: tensor: ns:    the same for the node's name, its tensors, its namespace
kind:constant        operator, input, output or constant
attr:axis            has that attribute; attr:axis=1 its value holds the text; attr:axis>1
latency>1            node data; "latency (ms)">=0.5; <, <=, =, != likewise
-op:conv             a minus in front: not
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from graphs.errors import QueryError

Field = Literal["any", "name", "op", "tensor", "ns", "kind", "attr", "data"]
Operator = Literal["has", "contains", "=", "!=", "<", "<=", ">", ">="]

FIELDS: dict[str, Field] = {
    "attr": "attr",
    "attribute": "attr",
    "id": "name",
    "kind": "kind",
    "name": "name",
    "namespace": "ns",
    "ns": "ns",
    "op": "op",
    "tensor": "tensor",
}
MAX_QUERY_CHARS = 2_000  # a link may carry a query; nobody types more

_OPERATOR = re.compile(r"\s*(<=|>=|!=|<|>|=)\s*")
_BARE = re.compile(r'(?:(?!!=)[^\s"<>=])+')
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a query.

    Attributes
    ----------
    field : Field
        Where to look; ``"any"`` is a free word, ``"data"`` is node data.
    key : str
        Name of the attribute or of the node data, as typed; else empty.
    operator : Operator
        ``"has"`` only for an attribute without a value.
    text : str
        What is looked for.
    is_negated : bool
    """

    field: Field
    key: str
    operator: Operator
    text: str
    is_negated: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text without spaces between its runs; `lead` is what stands before the first quote."""

    lead: str
    text: str
    end: int


def parse(query: str) -> list[Term]:
    """Return the terms of a query; empty for a blank one.

    Raises
    ------
    QueryError
        An unclosed quote, a comparison without its left or right side, a field
        without a text, or more than `MAX_QUERY_CHARS` characters.
    """
    if len(query) > MAX_QUERY_CHARS:
        raise QueryError(query, f"it is longer than {MAX_QUERY_CHARS:,} characters")
    terms, at = [], _skip(query, 0)
    while at < len(query):
        term, at = _term(query, at)
        terms.append(term)
        at = _skip(query, at)
    return terms


def _skip(query: str, at: int) -> int:
    found = _SPACE.match(query, at)
    return found.end() if found else at


def _term(query: str, at: int) -> tuple[Term, int]:
    is_negated = query[at] == "-" and at + 1 < len(query) and not query[at + 1].isspace()
    start = at + is_negated
    left = _piece(query, start)
    if left.end == start:
        raise QueryError(
            query,
            f"{query[start]} needs a name on its left; put quotes around it to find it as text",
        )
    sign = _OPERATOR.match(query, left.end)
    field, rest = _field(left)
    if sign is None:
        return _plain(query, left, field, rest, is_negated), left.end
    right = _piece(query, sign.end())
    if not right.text:
        raise QueryError(query, f"a number or a text is missing after {sign.group().strip()}")
    operator = cast(Operator, sign.group(1))
    return _compared(field, rest, left, operator, right, is_negated), right.end


def _plain(query: str, left: _Piece, field: Field | None, rest: str, is_negated: bool) -> Term:
    if field is None:
        if not left.text:
            raise QueryError(query, "there is nothing between the quotes")
        return Term("any", "", "contains", left.text, is_negated)
    if not rest:
        raise QueryError(query, f"a text is missing after {left.text}")
    if field == "attr":
        return Term("attr", rest, "has", "", is_negated)
    return Term(field, "", "contains", rest, is_negated)


def _compared(
    field: Field | None, rest: str, left: _Piece, operator: Operator, right: _Piece, negated: bool
) -> Term:
    """Read ``attr:axis=1``, ``op=Conv``, ``latency>1``, or ``op:a=b``, whose text holds a sign."""
    if field == "attr":
        return Term("attr", rest, operator, right.text, negated)
    if field is not None and rest:
        return Term(field, "", "contains", rest + operator + right.text, negated)
    whole = FIELDS.get(left.lead.lower()) if left.lead == left.text else None
    if whole is not None and whole != "attr" and operator in ("=", "!="):
        return Term(whole, "", "=", right.text, negated != (operator == "!="))
    return Term("data", left.text, operator, right.text, negated)


def _field(piece: _Piece) -> tuple[Field | None, str]:
    """Split ``op:conv`` into its field and text; (None, "") where no field stands in front."""
    name, colon, _ = piece.lead.partition(":")
    field = FIELDS.get(name.lower()) if colon else None
    return (None, "") if field is None else (field, piece.text[len(name) + 1 :])


def _piece(query: str, at: int) -> _Piece:
    """Read adjacent bare and quoted runs from `at`."""
    runs: list[str] = []
    lead = ""
    is_bare_so_far = True
    while at < len(query):
        if query[at] == '"':
            close = query.find('"', at + 1)
            if close < 0:
                raise QueryError(query, "a quote is not closed")
            runs.append(query[at + 1 : close])
            at, is_bare_so_far = close + 1, False
            continue
        bare = _BARE.match(query, at)
        if bare is None:
            break
        runs.append(bare.group())
        lead += bare.group() if is_bare_so_far else ""
        at = bare.end()
    return _Piece(lead, "".join(runs), at)
