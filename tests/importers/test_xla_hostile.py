"""HLO and MLIR files that are broken, changed or made to hurt."""

from __future__ import annotations

import random
import time

import pytest

import importers
from graphs.check import problems
from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from tests.helpers.importer_contract import Case, check_mutations, check_sources
from tests.importers.test_hlo import SMALL as SMALL_HLO
from tests.importers.test_mlir import SMALL as SMALL_MLIR

WORDS = (
    "{", "}", "(", ")", "<", ">", "[", "]", '"', "%", "^bb1", "loc(", " : ", "->", "#loc", "//",
    "\n", "=", ",", "dense<", "%0:9999 = ", "ROOT ", "\xff", "module {", "@main", "\0", "%",
)  # fmt: skip


def _changed(text: str, draw: random.Random) -> bytes:
    data = text
    for _ in range(draw.randint(1, 5)):
        at = draw.randrange(len(data))
        kind = draw.random()
        if kind < 0.5:
            data = data[:at] + draw.choice(WORDS) + data[at:]
        elif kind < 0.75:
            data = data[:at] + data[at + draw.randint(1, 40) :]
        else:
            start = draw.randrange(len(data))
            data = data[:at] + data[start : start + draw.randint(1, 200)] + data[at:]
    return data.encode("utf-8", "surrogateescape") + b"\xff" * draw.randint(0, 1)


@pytest.mark.parametrize(
    ("name", "text"), [("m.hlo", SMALL_HLO), ("m.mlir", SMALL_MLIR)], ids=["hlo", "mlir"]
)
def test_mutations_raise_nothing_else(name, text):
    """400 changed files open as graphs without problems or end in a ReadError."""
    draw = random.Random(3)
    case = Case(name, text.encode(), "")
    check_mutations(case, [_changed(text, draw) for _ in range(400)])


def _timed(text: str, name: str, seconds: float = 5.0) -> str:
    """Open a text and look at all of it; return the error's name, or how many nodes it has."""
    start = time.process_time()
    try:
        model = importers.read(text.encode(), name=name)
        for graph in model.graphs:
            assert problems(graph, model) == []
        check_sources(model)
        outcome = str(sum(graph.n_nodes for graph in model.graphs))
    except ReadError as error:
        outcome = type(error).__name__
    assert time.process_time() - start < seconds
    return outcome


def _main(body: str) -> str:
    return f"func.func @main(%x: f32) -> f32 {{\n{body}\n  return %x : f32\n}}\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("  %0 = a.b %x " + "(" * 200_000, "2"),
        ("  %0 = a.b %x : " + "tensor<" * 50_000, "3"),
        ("  %0 = a.b %x loc(" * 50_000 + ")", "2"),
        ("  %0 = a.b %x " + "loc(" * 50_000 + ")" * 50_000, "3"),
        ("  %0 = a.b %x " + " " * 1_000_000 + ": f32", "3"),
        ("  " + "%a, " * 100_000, "2"),
        ("  %0 = a.b %x {k = " + "[" * 100_000 + "]" * 100_000 + "} : f32", "3"),
        ("  %0 = a.b %x : " + "(" * 50_000 + "f32" + ")" * 50_000, "3"),
        ("  %0:999999 = a.b %x : f32", "DamagedSource"),
        ("  %c = a.constant dense<" + "[" * 50_000 + "1" + "]" * 50_000 + "> : tensor<1xi8>", "3"),
        ("\n".join(f"^bb{i}(%b{i}: f32):" for i in range(20_000)), "20001"),
    ],
    ids=range(11),
)
def test_mlir_made_to_hurt(body, expected):
    """Brackets without end, long lines and false claims end in time, each in its own way."""
    got = _timed(_main(body), "m.mlir")
    assert got == expected


def test_regions_without_end():
    """Regions nested deeper than two hundred are refused, and their number is limited."""
    deep = '"a.b"() ({\n' * 1000 + "}) : () -> ()\n" * 1000
    with pytest.raises(UnsupportedFeature, match="nested deeper than 200"):
        importers.read(deep.encode(), name="m.mlir")
    many = '"a.b"() ({\n  "a.c"() : () -> ()\n}) : () -> ()\n' * 20_001
    assert _timed(many, "m.mlir", 10) == "UnsupportedFeature"


def test_values_passed_through_many_regions():
    """Ten thousand values that are used two hundred regions further in are refused in time."""
    values = "".join(f"%v{i} = a.b : f32\n" for i in range(10_000))
    uses = "".join(f"a.use %v{i} : f32\n" for i in range(10_000))
    deep = values + '"a.r"() ({\n' * 150 + uses + "}) : () -> ()\n" * 150
    assert _timed(deep, "m.mlir", 10) == "UnsupportedFeature"


def test_location_aliases_that_go_in_circles():
    """Aliases that stand for each other, or double at each step, come to an end."""
    circle = _main("  %0 = a.b %x : f32 loc(#l0)")
    circle += "#l0 = loc(callsite(#l1 at #l1))\n#l1 = loc(#l0)\n"
    assert _timed(circle, "m.mlir") == "3"
    double = _main("  %0 = a.b %x : f32 loc(#l0)")
    double += "".join(f"#l{i} = loc(fused[#l{i + 1}, #l{i + 1}])\n" for i in range(60))
    assert _timed(double, "m.mlir") == "3"
    chain = _main("  %0 = a.b %x : f32 loc(#l0)")
    chain += "".join(f'#l{i} = loc("n{i}"(#l{i + 1}))\n' for i in range(5000))
    assert _timed(chain, "m.mlir") == "3"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%x = f32[" + "1," * 100_000 + "1] parameter(0)", "2"),
        ("%x = " + "(" * 100_000 + "f32[]" + ")" * 100_000 + " parameter(0)", "2"),
        ("%x = f32[] add(" + "(" * 100_000 + ")", "DamagedSource"),
        ("%x = f32[] add(" + "(f32[], " * 300 + "y" + ")" * 301, "2"),
        ("%x = f32[2] constant({" + "{" * 100_000 + "}" * 100_000 + "})", "2"),
        ("%x = f32[99999999999999999999,99999999999999999999] constant(0)", "2"),
        ("%x = f32[] abs(%x), metadata={" + 'op_name="' + "a/" * 100_000 + 'b"}', "2"),
        ("%x" + " " * 1_000_000 + "= f32[] abs(%x)", "2"),
        ("%x = f32[] abs(" + "%x, " * 100_000 + "%x)", "2"),
        ("x" * 1_000_000, "DamagedSource"),
    ],
    ids=range(10),
)
def test_hlo_made_to_hurt(line, expected):
    """Brackets without end, huge shapes and long names end in time, each in its own way."""
    assert _timed(
        f"HloModule m\n\nENTRY %main (x: f32[]) -> f32[] {{\n  ROOT {line}\n}}", "m.hlo"
    ) == (expected)


def test_many_computations():
    """Twenty thousand computations open; more than thirty thousand are refused."""
    one = "%c{} (p: f32[]) -> f32[] {{\n  ROOT %p = f32[] parameter(0)\n}}\n"
    entry = "ENTRY " + one.format("e")
    text = "HloModule m\n" + "".join(map(one.format, range(30_001))) + entry
    assert _timed(text, "m.hlo", 10) == "UnsupportedFeature"


def test_cycles_and_names_given_twice():
    """An instruction that waits for itself and a name given twice are shown as they are."""
    text = (
        "HloModule m\nENTRY %main (x: f32[]) -> f32[] {\n  %a = f32[] abs(%b)\n"
        "  %b = f32[] abs(%a)\n  %b = f32[] add(%b, %gone)\n  ROOT %r = f32[] abs(%b)\n}"
    )
    model = importers.read(text.encode(), name="m.hlo")
    graph = model.graphs[0]
    assert problems(graph, model) == []
    notes = " ".join(map(str, model.notes))
    assert "An operand that nothing produces" in notes
    assert "A name was taken already" in notes


def test_damage_is_told_by_its_place():
    """An error says at which byte the text ends, or is no instruction."""
    with pytest.raises(DamagedSource) as found:
        importers.read(SMALL_MLIR[:-3].encode(), name="m.mlir")
    assert found.value.offset == len(SMALL_MLIR) - 3
    with pytest.raises(DamagedSource, match="no instruction"):
        importers.read(SMALL_HLO.replace("%p = f32", "%p f32").encode(), name="m.hlo")


def test_fifty_thousand_operations_open_in_time():
    """50,000 instructions, and as many operations with locations, take under four seconds each."""
    n = 50_000
    hlo = ["HloModule m\nENTRY %main (x: f32[8]) -> f32[8] {\n  %x0 = f32[8]{0} parameter(0)"]
    mlir = ["func.func @main(%x0: tensor<8xf32>) -> tensor<8xf32> {"]
    for i in range(1, n):
        where = f"jit(f)/block_{i // 50}/mlp/add"
        root = "ROOT " if i == n - 1 else ""
        hlo.append(
            f"  {root}%x{i} = f32[8]{{0}} add(%x{i - 1}, %x{i // 2}), "
            f'metadata={{op_name="{where}" source_file="m.py" source_line={i}}}'
        )
        mlir.append(f"  %x{i} = stablehlo.add %x{i - 1}, %x{i // 2} : tensor<8xf32> loc(#l{i})")
    mlir.append(f"  return %x{n - 1} : tensor<8xf32>\n}}")
    mlir += [f'#l{i} = loc("jit(f)/block_{i // 50}/mlp/add"(#f))' for i in range(1, n)]
    mlir.append('#f = loc(callsite("g"("m.py":1:1) at "f"("m.py":2:1)))')
    for name, lines in (("m.hlo", [*hlo, "}"]), ("m.mlir", mlir)):
        content = "\n".join(lines).encode()
        start = time.process_time()
        graph = importers.read(content, name=name).graphs[0]
        assert time.process_time() - start < 4
        assert graph.n_nodes == n + 1
        assert graph.n_groups == 2 * (n // 50)
