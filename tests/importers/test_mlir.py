"""MLIR text: operations of any dialect, regions, blocks, locations, constants."""

from __future__ import annotations

import numpy as np
import pytest

import importers
from graphs.errors import DamagedSource, UnsupportedFeature
from graphs.ir import Graph, Model
from tests.helpers.importer_contract import Case, check_contract

SMALL = """// A comment with a brace {
module @jit_f attributes {mhlo.num_partitions = 1 : i32} {
  func.func public @main(%arg0: tensor<2x?xf32> {jax.arg = "x"} loc("p['w'][0]"), %arg1: tensor<f32> loc("x")) -> (tensor<2xf32> {jax.result_info = "y"}) {
    %cst = stablehlo.constant dense<[1.0, -2.5]> : tensor<2xf32> loc(unknown)
    %0 = stablehlo.reduce(%arg0 init: %arg1) applies stablehlo.add across dimensions = [1] : (tensor<2x?xf32>, tensor<f32>) -> tensor<2xf32> loc("jit(f)/block/attn/sum"("m.py":3:1))
    %1 = call @double(%0) : (tensor<2xf32>) -> tensor<2xf32> loc("jit(f)/block/attn/jit(double)"(callsite("g"("m.py":5:1) at "f"("m.py":9:2))))
    %2:2 = stablehlo.while(%it = %arg1, %acc = %1) : tensor<f32>, tensor<2xf32>
    cond {
      %5 = stablehlo.compare LT, %it, %arg1, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %5 : tensor<i1>
    } do {
      %6 = stablehlo.add %acc, %cst : tensor<2xf32>
      stablehlo.return %it, %6 : tensor<f32>, tensor<2xf32>
    } loc("jit(f)/while")
    %3 = "other.op"(%2#1) <{axis = 1 : i64, mode = #other<mode fast>}> ({
    ^bb0(%a: tensor<2xf32>):
      "other.yield"(%a) : (tensor<2xf32>) -> ()
    }) {label = "a, {b} = c"} : (tensor<2xf32>) -> tensor<2xf32>
    return %3 : tensor<2xf32>
  }
  func.func private @double(%arg0: tensor<2xf32>) -> tensor<2xf32> {
    %0 = stablehlo.add %arg0, %arg0 : tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}"""  # noqa: E501


def _read(body: str, types: str = "%x: tensor<2xf32>") -> Graph:
    return _model(f"func.func @main({types}) -> tensor<2xf32> {{\n{body}\n}}").graphs[0]


def _model(text: str) -> Model:
    return importers.read(text.encode(), name="m.mlir")


def _edges(graph: Graph) -> list[tuple[str, str, int]]:
    ids = graph.node_ids
    return [
        (ids[s], ids[t], int(slot))
        for s, t, slot in zip(
            graph.edge_source, graph.edge_target, graph.edge_target_slot, strict=True
        )
    ]


def test_contract():
    """A small module keeps all promises, every truncation included."""
    case = Case("small.mlir", SMALL.encode(), "StableHLO / MLIR", n_graphs=5, n_operators=13)
    model = check_contract(case)
    assert [graph.id for graph in model.graphs] == [
        "main", "main/%2/cond", "main/%2/body", "main/%3/body", "double",
    ]  # fmt: skip
    main = model.graphs[0]
    assert main.op_types == (
        "Input", "stablehlo.constant", "stablehlo.reduce", "func.call", "stablehlo.while",
        "other.op", "Output",
    )  # fmt: skip
    assert main.node_ids == ("p['w'][0]", "x", "%cst", "%0", "%1", "%2", "%3", "y")
    assert main.subgraphs == {
        4: ("double",), 5: ("main/%2/cond", "main/%2/body"), 6: ("main/%3/body",),
    }  # fmt: skip


def test_types_and_edges_of_the_small_module():
    """Each result has its type, and each operand its edge, captured values at the end."""
    main = importers.read(SMALL.encode(), name="small.mlir").graphs[0]
    types = {n: str(main.types[t]) for n, t in zip(main.value_names, main.value_type, strict=True)}
    assert types == {
        "%arg0": "float32[2,?]", "%arg1": "float32[]", "%cst": "float32[2]", "%0": "float32[2]",
        "%1": "float32[2]", "%2#0": "float32[]", "%2#1": "float32[2]", "%3": "float32[2]",
    }  # fmt: skip
    assert _edges(main) == [
        ("p['w'][0]", "%0", 0), ("x", "%0", 1), ("%0", "%1", 0), ("x", "%2", 0), ("%1", "%2", 1),
        ("%cst", "%2", 2), ("%2", "%3", 0), ("%3", "y", 0),
    ]  # fmt: skip


def test_regions_capture_values_from_outside():
    """A value of the function that a region uses is an input of the region's graph, with type."""
    body = importers.read(SMALL.encode(), name="small.mlir").graphs[2]
    assert body.title == "%2 stablehlo.while body"
    kinds = dict(zip(body.node_ids, (body.node(i).op_type for i in range(body.n_nodes)),
                     strict=True))  # fmt: skip
    assert kinds == {"%it": "Input", "%acc": "Input", "%6": "stablehlo.add", "output_0": "Output",
                     "output_1": "Output", "%cst": "Captured"}  # fmt: skip
    assert _edges(body) == [
        ("%acc", "%6", 0), ("%cst", "%6", 1), ("%it", "output_0", 0), ("%6", "output_1", 0),
    ]  # fmt: skip
    assert str(body.types[body.value_type[1]]) == "float32[2]"


def test_locations_are_groups_and_source_lines():
    """A named location gives the group; files and lines give source and call stack."""
    main = importers.read(SMALL.encode(), name="small.mlir").graphs[0]
    spaces = {main.node_ids[i]: main.node(i).namespace for i in range(main.n_nodes)}
    assert spaces["%0"] == spaces["%1"] == spaces["p['w'][0]"] == "block/attn"
    assert spaces["x"] == spaces["%2"] == ""
    facts = dict(main.source.attributes(main.node_ids.index("%1")))
    assert facts["source"] == "m.py:5 in g"
    assert facts["stack"] == "m.py:5 in g ← m.py:9 in f"
    assert facts["text"] == "@double"
    assert dict(main.source.attributes(3))["source"] == "m.py:3"


def test_attributes_of_both_forms():
    """Properties, dictionaries and a dialect's own words are facts; operands are none."""
    main = importers.read(SMALL.encode(), name="small.mlir").graphs[0]
    facts = dict(main.source.attributes(main.node_ids.index("%3")))
    assert facts == {"axis": "1 : i64", "mode": "#other<mode fast>", "label": "a, {b} = c"}
    cond = importers.read(SMALL.encode(), name="small.mlir").graphs[1]
    assert dict(cond.source.attributes(cond.node_ids.index("%5"))) == {"text": "LT, FLOAT"}
    assert dict(main.source.attributes(0)) == {
        "name": "%arg0", "jax.arg": "x", "location": "p['w'][0]"}  # fmt: skip


def test_operations_over_several_lines():
    """Line breaks within an operation, comments and dictionaries over lines change nothing."""
    graph = _read(
        '  %0 = "a.b"(%x, // the first {\n      %x) {\n    k = [1,\n      2]\n  } :\n'
        "    (tensor<2xf32>, tensor<2xf32>)\n      -> tensor<3xi8>\n"
        "  %1 = stablehlo.add %0,\n    %0\n    : tensor<3xi8>\n"
        "  return %1 : tensor<3xi8>"
    )
    assert _edges(graph) == [
        ("%x", "%0", 0), ("%x", "%0", 1), ("%0", "%1", 0), ("%0", "%1", 1), ("%1", "output_0", 0),
    ]  # fmt: skip
    assert [str(graph.types[t]) for t in graph.value_type] == ["float32[2]", "int8[3]", "int8[3]"]
    assert dict(graph.source.attributes(1)) == {"k": "[1, 2]"}


def test_regions_on_one_line():
    """A region and its operations may all stand on one line."""
    graph = _read('  %0 = "a.if"(%x) ({ %1 = "a.neg"(%x) : (f32) -> f32 "a.yield"(%1)'
                  " : (f32) -> () }, { }) : (f32) -> f32\n  return %0 : f32")  # fmt: skip
    assert graph.subgraphs == {1: ("main/%0/then",)}


def test_loops_define_their_variables():
    """A loop variable is defined in its region; bounds and start values are operands."""
    model = _model(
        "func.func @main(%lo: index, %hi: index, %x: f32) -> f32 {\n"
        "  %r = scf.for %i = %lo to %hi step %lo iter_args(%acc = %x) -> (f32) {\n"
        "    %s = arith.addf %acc, %x : f32\n    scf.yield %s : f32\n  }\n  return %r : f32\n}"
    )
    main, body = model.graphs
    assert _edges(main) == [
        ("%lo", "%r", 0), ("%hi", "%r", 1), ("%lo", "%r", 2), ("%x", "%r", 3),
        ("%r", "output_0", 0),
    ]  # fmt: skip
    assert body.node_ids == ("%i", "%acc", "%s", "output_0", "%x")


def test_blocks_pass_values_to_their_arguments():
    """A branch feeds the arguments of the block that it names, once for each branch."""
    graph = _model(
        "func.func @main(%c: i1, %x: f32) -> f32 {\n"
        "  cf.cond_br %c, ^bb1(%x : f32), ^bb2\n"
        "^bb1(%a: f32):  // pred: ^bb0\n  %n = arith.negf %a : f32\n  cf.br ^bb1(%n : f32)\n"
        "^bb2:\n  return %x : f32\n}"
    ).graphs[0]
    assert [e for e in _edges(graph) if e[1] == "%a"] == [("%x", "%a", 0), ("%n", "%a", 1)]
    assert "BlockArgument" in graph.op_types


def test_nested_locations_are_modules():
    """A name given to the location of another is in its group; a class before :: is kept."""
    model = _model(
        "func.func @main(%x: f32) -> f32 {\n"
        "  %0 = a.f %x : f32 loc(#l1)\n  %1 = a.g %0 : f32 loc(#l2)\n"
        '  %2 = a.h %1 : f32 loc(fused<"m">["n/b/p", "n/b/q", "Mul:"])\n'
        '  %3 = a.h %2 : f32 loc(fused["n/b/p", "n/c/q"])\n'
        "  %4 = a.h %3 : f32 loc(#gone)\n  return %4 : f32\n}\n"
        '#net = loc("lib.Net::")\n#conv = loc("lib.Conv::cv1"(#net))\n'
        '#l1 = loc("mul_1"(#conv))\n#l2 = loc("add_2"(#conv))\n'
    )
    graph = model.graphs[0]
    spaces = [graph.node(i).namespace for i in range(graph.n_nodes)]
    assert spaces[1:3] == ["Net/cv1", "Net/cv1"]
    assert spaces[3:5] == ["n", "n"]  # the group n/b would hold one node only
    index = graph.namespaces.index("Net/cv1")
    assert graph.source.group_attributes(index) == [("class", "lib.Conv")]
    assert [str(n) for n in model.notes if n.kind == "damaged"] == [
        "A location is named that the file does not hold; its end may be missing: #gone"
    ]


def test_types_are_ours():
    """Signed, quantized, small, bounded, unranked and unknown types all have a name."""
    types = [
        ("tensor<4xsi32>", "int32[4]"), ("tensor<2x3xui8>", "uint8[2,3]"), ("i1", "bool[]"),
        ("tensor<?x4x!quant.uniform<i8:f32, 0.5:1>>", "int8[?,4]"), ("tensor<*xf16>", "float16"),
        ("tensor<2xf8E4M3FN>", "float8_e4m3fn[2]"), ("tensor<complex<f64>>", "complex128[]"),
        ("tensor<?x2xbf16, #stablehlo.bounds<8, ?>>", "bfloat16[<=8,2]"),
        ("memref<2x2xi4, strided<[2, 1]>>", "int4[2,2]"), ("vector<[4]xf64>", "float64[4]"),
        ("!torch.vtensor<[1,?],si64>", "int64[1,?]"), ("!stablehlo.token", "!stablehlo.token"),
        ("tuple<tensor<2xi8>, i1>", "tuple<tensor<2xi8>, i1>"), ("index", "index[]"),
    ]  # fmt: skip
    for mlir, ours in types:
        graph = _read(f'  %0 = "a.b"(%x) : (tensor<2xf32>) -> {mlir}\n  return %0 : {mlir}')
        assert str(graph.types[graph.value_type[1]]) == ours


def test_type_aliases_are_resolved():
    """A type that the file gives a name of its own is the type that it stands for."""
    graph = _model(
        "!t = tensor<7xi16>\nfunc.func @main(%x: !t) -> !t {\n"
        "  %0 = a.b %x : !t\n  return %0 : !t\n}"
    ).graphs[0]
    assert {str(graph.types[t]) for t in graph.value_type} == {"int16[7]"}


@pytest.mark.parametrize(
    ("attribute", "type_text", "expected"),
    [
        ("dense<[[1, 2], [3, 4]]>", "tensor<2x2xi32>", np.array([[1, 2], [3, 4]], np.int32)),
        ("dense<7>", "tensor<3xui8>", np.full(3, 7, np.uint8)),
        ("dense<true>", "tensor<i1>", np.array(True)),
        ("dense<[true, false]>", "tensor<2xi1>", np.array([True, False])),
        ("dense<0xFF800000>", "tensor<2xf32>", np.full(2, -np.inf, np.float32)),
        ("dense<[1.0, 0x7FC00000]>", "tensor<2xf32>", np.array([1, np.nan], np.float32)),
        ('dense<"0x000080BF00000040">', "tensor<2xf32>", np.array([-1, 2], np.float32)),
        ('dense<"0x05">', "tensor<4xi8>", np.full(4, 5, np.int8)),
        ('dense<"0x0A">', "tensor<4xi1>", np.array([False, True, False, True])),
        ("dense<(1.0,-2.0)>", "tensor<complex<f32>>", np.array(1 - 2j, np.complex64)),
        ("dense<>", "tensor<0x4xf32>", np.zeros((0, 4), np.float32)),
        ("dense_resource<w>", "tensor<2xf32>", np.array([1, 2], np.float32)),
        ("dense_resource<gone>", "tensor<2xf32>", None),
    ],
)
def test_constants_are_decoded_on_demand(attribute, type_text, expected):
    """Lists, splats, bits, hexadecimal data and resources give the array that they state."""
    graph = _model(
        f"func.func @main() -> {type_text} {{\n"
        f"  %c = stablehlo.constant {attribute} : {type_text}\n  return %c : {type_text}\n}}\n"
        '{-#\n  dialect_resources: {\n    builtin: {\n      w: "0x040000000000803F00000040"\n'
        "    }\n  }\n#-}\n"
    ).graphs[0]
    found = graph.source.tensor(0)
    if expected is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


def test_constants_that_cannot_be_true():
    """A wrong number of elements is refused, and so is a splat of exabytes, at once."""
    graph = _model(
        "func.func @main() {\n  %a = a.constant dense<[1, 2]> : tensor<3xi8>\n"
        "  %b = a.constant dense<0> : tensor<9000000000000000000xi64>\n  return\n}"
    ).graphs[0]
    with pytest.raises(DamagedSource, match="3 elements has 2"):
        graph.source.tensor(0)
    with pytest.raises(UnsupportedFeature, match="9,000,000,000,000,000,000 elements"):
        graph.source.tensor(1)


def test_scalars_of_arith():
    """A scalar constant of any dialect gives its number."""
    graph = _model(
        "func.func @main() {\n  %a = arith.constant 3 : i32\n  %b = arith.constant -1.5e0 : f16\n"
        "  %c = arith.constant true\n  return\n}"
    ).graphs[0]
    found = [graph.source.tensor(i) for i in range(3)]
    assert [(one.item(), one.dtype.name) for one in found] == [
        (3, "int32"), (-1.5, "float16"), (True, "bool")]  # fmt: skip


def test_operations_in_no_function():
    """Operations outside of functions make a graph; symbols without a body are metadata."""
    model = _model('sdy.mesh @mesh = <["x"=2]>\n%0 = "a.b"() : () -> i32\n"a.c"(%0) : (i32) -> ()')
    assert [graph.id for graph in model.graphs] == ["module"]
    assert model.graphs[0].node_ids == ("%0", "c_0")
    assert model.metadata == [("sdy.mesh @mesh", '@mesh = <["x"=2]>')]


def test_the_main_function_comes_first():
    """Whatever the order in the file, main opens, then public functions, then private ones."""
    body = "() {\n  return\n}\n"
    text = f"func.func private @p{body}func.func @q{body}func.func @main{body}module @n {{\n"
    model = _model(f"{text}func.func @main{body}}}")
    assert [graph.id for graph in model.graphs] == ["main", "main#2", "q", "p"]
