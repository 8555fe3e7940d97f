"""Symbolic sizes of exported programs as text."""

from __future__ import annotations

import pytest
import sympy

from importers.pytorch_symbols import MAX_DIM_CHARS, expression_text, symbols_of

S, U = sympy.Symbol("s0", positive=True, integer=True), sympy.Symbol("u1", integer=True)
EXPRESSIONS = {
    "s0": S,
    "2*s0+1": 2 * S + 1,
    "2*(s0+u1)": sympy.Mul(2, S + U, evaluate=False),
    "s0-1": S - 1,
    "s0**2": S**2,
    "Max(1, u1)": sympy.Max(1, U),
    "(1/2)*s0": S / 2,
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_what_sympy_writes_is_read(text):
    """An expression that SymPy spells out means the same when it is written short."""
    found = expression_text(sympy.srepr(EXPRESSIONS[text]))
    assert sympy.simplify(sympy.sympify(found, {"s0": S, "u1": U}) - EXPRESSIONS[text]) == 0
    assert sorted(found) == sorted(text)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2*s0 + 1", "2*s0+1"),
        ("(s0//2)", "s0//2"),
        ("torch.utils._sympy.functions.FloorDiv(Symbol('s1'), Integer(2))", "s1//2"),
        ("Max(1, s0)", "Max(1, s0)"),
        ("((((", "(((("),
        ("Symbol('s0'", "Symbol('s0'"),
        ("", ""),
    ],
)
def test_texts_of_other_kinds(written, text):
    """Plain text of older versions stays, tidied; what is no expression stays as it is."""
    assert expression_text(written) == text


def test_endless_expressions_are_cut():
    """However long an expression is, its text is short, and found at once."""
    assert len(expression_text("Add(" * 100_000)) <= MAX_DIM_CHARS
    assert len(expression_text("+".join(["s0"] * 100_000))) <= MAX_DIM_CHARS


def test_symbols_are_listed_once():
    """The symbols of an expression are found in both spellings."""
    assert symbols_of("Add(Symbol('s0', integer=True), Symbol('u1'), Symbol('s0'))") == ["s0", "u1"]
    assert symbols_of("2*s0 + u1*s0") == ["s0", "u1"]
