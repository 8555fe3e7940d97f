"""HLO text: what becomes of instructions, computations, metadata and literals."""

from __future__ import annotations

import numpy as np
import pytest

import importers
from graphs.errors import DamagedSource, UnsupportedFeature
from graphs.ir import Graph, NodeKind
from tests.helpers.importer_contract import Case, check_contract

SMALL = """HloModule jit_f, is_scheduled=true

FileNames
1 "model.py"

FunctionNames
1 "attend"
2 "main"

FileLocations
1 {file_name_id=1 function_name_id=1 line=7 end_line=7 column=1 end_column=9}
2 {file_name_id=1 function_name_id=2 line=30 end_line=30 column=1 end_column=9}

StackFrames
1 {file_location_id=2 parent_frame_id=1}
2 {file_location_id=1 parent_frame_id=1}

%add (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %sum = f32[] add(%a, %b)
}

%fused (p: f32[2,3]) -> f32[2,3] {
  %p = f32[2,3]{1,0} parameter(0)
  ROOT %negate.1 = f32[2,3]{1,0} negate(%p)
}

ENTRY %main (x: f32[2,3], w: f32[2,3]) -> (f32[2], f32[2,3]) {
  %x.1 = f32[2,3]{1,0} parameter(0), metadata={op_name="x"}
  %w.1 = f32[2,3]{1,0} parameter(1), metadata={op_name="params['block_0']['w']"}
  %zero = f32[] constant(0)
  %table = s32[2,2]{1,0} constant({ { 1, -2 }, /*i0=1*/{ 3, 4 } })
  %mul = f32[2,3]{1,0} multiply(f32[2,3]{1,0} %x.1, f32[2,3]{1,0} %w.1), metadata={op_type="mul" op_name="jit(f)/jit(main)/block_0/attn/mul" stack_frame_id=2}
  %fusion = f32[2,3]{1,0} fusion(%mul), kind=kLoop, calls=%fused, metadata={op_name="jit(f)/jit(main)/block_0/attn/neg" source_file="model.py" source_line=9}
  %reduce = f32[2]{0} reduce(%fusion, %zero), dimensions={1}, to_apply=%add, metadata={op_name="jit(f)/jit(main)/transpose(jvp(block_0))/reduce_sum"}
  %twice = f32[2]{0} add(%reduce, %reduce), control-predecessors={%mul}, metadata={op_name="jit(f)/jit(main)/transpose(jvp(block_0))/add"}
  ROOT %tuple = (f32[2]{0}, f32[2,3]{1,0:T(8,128)}) tuple(%twice, /*index=1*/%fusion)
}"""  # noqa: E501

TEXT = """format "HLO"
producer ""
parameters 5 in 20 bytes
metadata "module" "jit_f"
metadata "is_scheduled" "true"

graph "main": 10 nodes, 11 edges, 4 groups
input "x" parameter
  0 -> "x.1" float32[2,3]
input "params['block_0']['w']" parameter in "block_0/attn"
  0 -> "w.1" float32[2,3]
constant "zero" constant in "backward/block_0"
  0 -> "zero" float32[]
constant "table" constant
  0 -> "table" int32[2,2]
operator "mul" multiply in "block_0/attn"
  0 <- "x":0
  1 <- "params['block_0']['w']":0
  0 -> "mul" float32[2,3]
operator "fusion" fusion in "block_0/attn"
  0 <- "mul":0
  0 -> "fusion" float32[2,3]
  calls "fused"
operator "reduce" reduce in "backward/block_0"
  0 <- "fusion":0
  1 <- "zero":0
  0 -> "reduce" float32[2]
  calls "add"
operator "twice" add in "backward/block_0"
  0 <- "reduce":0
  1 <- "reduce":0
  control <- "mul":0
  0 -> "twice" float32[2]
operator "tuple" tuple
  0 <- "twice":0
  1 <- "fusion":0
  0 -> "tuple" "tuple(float32[2], float32[2,3])"
output "output" Output
  0 <- "tuple":0

graph "add": 4 nodes, 3 edges, 0 groups
input "a" parameter
  0 -> "a" float32[]
input "b" parameter
  0 -> "b" float32[]
operator "sum" add
  0 <- "a":0
  1 <- "b":0
  0 -> "sum" float32[]
output "output" Output
  0 <- "sum":0

graph "fused" titled "fused (kLoop fusion)": 3 nodes, 2 edges, 0 groups
input "p" parameter
  0 -> "p" float32[2,3]
operator "negate.1" negate
  0 <- "p":0
  0 -> "negate.1" float32[2,3]
output "output" Output
  0 <- "negate.1":0
"""


def _entry(body: str) -> Graph:
    text = f"HloModule m\n\nENTRY %main (x: f32[2]) -> f32[2] {{\n{body}\n}}"
    return importers.read(text.encode(), name="m.hlo").graphs[0]


def test_contract():
    """A small module keeps all promises, every truncation included."""
    case = Case("small.hlo", SMALL.encode(), "HLO", n_graphs=3, n_operators=14, text=TEXT)
    model = check_contract(case)
    graph = model.graphs[0]
    facts = dict(graph.source.attributes(graph.node_ids.index("fusion")))
    assert facts["kind"] == "kLoop"
    assert facts["source"] == "model.py:9"
    assert facts["op_name"] == "jit(f)/jit(main)/block_0/attn/neg"


def test_stack_frames_become_source_lines():
    """A frame's number leads through the tables to file, line, function, and its callers."""
    graph = importers.read(SMALL.encode(), name="small.hlo").graphs[0]
    facts = dict(graph.source.attributes(graph.node_ids.index("mul")))
    assert facts["source"] == "model.py:7 in attend"
    assert facts["stack"] == "model.py:7 in attend ← model.py:30 in main"


def test_layouts_are_facts_of_values():
    """The shape as HLO writes it, with layout and tiling, is kept beside the type."""
    graph = importers.read(SMALL.encode(), name="small.hlo").graphs[0]
    row = graph.value_names.index("tuple")
    assert graph.source.value_facts(row) == [("shape", "(f32[2]{0}, f32[2,3]{1,0:T(8,128)})")]


def test_literals_are_decoded_on_demand():
    """A constant gives the array that its literal writes, in its own type."""
    graph = importers.read(SMALL.encode(), name="small.hlo").graphs[0]
    table = graph.source.tensor(graph.node_ids.index("table"))
    np.testing.assert_array_equal(table, np.array([[1, -2], [3, 4]], np.int32))
    assert table.dtype == np.int32


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("pred[3]{0} constant({1, 0, true})", np.array([True, False, True])),
        ("f32[3]{0} constant({inf, -inf, 0x1p3})", None),
        ("f32[2]{0} constant({inf, -1e-3})", np.array([np.inf, -1e-3], np.float32)),
        ("c64[2]{0} constant({(1, 2), (0, -1)})", np.array([1 + 2j, -1j], np.complex64)),
        ("u64[] constant(18446744073709551615)", np.array(2**64 - 1, np.uint64)),
        ("f32[2,2]{1,0} constant({\n  { 1, 2 },\n  { 3, 4 }\n})", np.array([[1, 2], [3, 4.0]])),
    ],
)
def test_literals_of_every_kind(literal, expected):
    """Booleans, infinities, complex and 64-bit numbers, and literals over several lines."""
    graph = _entry(f"  %c = {literal}\n  ROOT %x = f32[2]{{0}} parameter(0)")
    if expected is None:
        with pytest.raises(DamagedSource, match="no number"):
            graph.source.tensor(0)
        return
    np.testing.assert_array_equal(graph.source.tensor(0), expected)


def test_literals_that_cannot_be_shown():
    """An elided literal gives no data; a wrong number of elements and a tuple are refused."""
    graph = _entry(
        "  %elided = f32[4]{0} constant({...})\n"
        "  %short = f32[4]{0} constant({1, 2})\n"
        "  %pair = (f32[], s32[]) constant((1, 2))\n"
        "  ROOT %x = f32[2]{0} parameter(0)"
    )
    assert graph.source.tensor(0) is None
    with pytest.raises(DamagedSource, match="4 elements has 2"):
        graph.source.tensor(1)
    with pytest.raises(UnsupportedFeature, match="tuple"):
        graph.source.tensor(2)


def test_short_form_without_percent_signs():
    """Operands are found whether or not names have their percent sign and shapes before them."""
    graph = _entry(
        "  x = f32[2]{0} parameter(0)\n"
        '  pair = (f32[2]{0}, s32[]) custom-call(x), custom_call_target="make"\n'
        "  ROOT y = f32[2]{0} get-tuple-element((f32[2]{0}, s32[]) pair), index=0"
    )
    edges = [(graph.node_ids[s], graph.node_ids[t]) for s, t in
             zip(graph.edge_source, graph.edge_target, strict=True)]  # fmt: skip
    assert edges == [("x", "pair"), ("pair", "y"), ("y", "output")]


def test_branches_and_loops_link_their_computations():
    """Branches in braces, true and false computations, conditions and bodies are all linked."""
    text = "HloModule m\n"
    for name in "abcd":
        text += f"\n%{name} (p: f32[]) -> f32[] {{\n  ROOT %p = f32[] parameter(0)\n}}\n"
    text += (
        "\nENTRY %main (x: f32[], i: s32[]) -> f32[] {\n"
        "  %x = f32[] parameter(0)\n  %i = s32[] parameter(1)\n"
        "  %c = f32[] conditional(%i, %x, %x), branch_computations={%a, %b}\n"
        "  ROOT %w = f32[] while(%c), condition=%c, body=%d, "
        'backend_config="to_apply=%nothing"\n}'
    )
    graph = importers.read(text.encode(), name="m.hlo").graphs[0]
    assert graph.subgraphs == {2: ("a", "b"), 3: ("c", "d")}


def test_names_without_a_path_make_groups_of_one_call():
    """Instructions that one ATen operation became are a group; constants join their readers."""
    meta = 'metadata={op_type="aten__norm" op_name="aten__norm"}'
    graph = _entry(
        "  %x = f32[2]{0} parameter(0)\n"
        f"  %a = f32[2]{{0}} negate(%x), {meta}\n"
        f"  %e = f32[] constant(1), {meta}\n"
        f"  %b = f32[2]{{0}} add(%a, %e), {meta}\n"
        '  %m = f32[2]{0} abs(%b), metadata={op_name="aten__abs"}\n'
        f"  %c = f32[2]{{0}} negate(%m), {meta}\n"
        f"  ROOT %d = f32[2]{{0}} add(%c, %c), {meta}"
    )
    spaces = {graph.node_ids[i]: graph.node(i).namespace for i in range(graph.n_nodes)}
    assert spaces == {"x": "", "a": "aten__norm.1", "e": "aten__norm.1", "b": "aten__norm.1",
                      "m": "", "c": "aten__norm.2", "d": "aten__norm.2", "output": ""}  # fmt: skip


def test_bounded_and_unknown_sizes():
    """A bounded size keeps its bound, an unknown one is None."""
    graph = _entry("  ROOT %x = bf16[<=10,?,3]{2,1,0} parameter(0)")
    assert str(graph.types[0]) == "bfloat16[<=10,?,3]"


def test_parameters_and_constants_have_their_kinds():
    """Parameters are inputs, constants are constants, the root feeds one output."""
    graph = importers.read(SMALL.encode(), name="small.hlo").graphs[0]
    kinds = [NodeKind(k).name for k in graph.node_kind]
    assert kinds == ["INPUT", "INPUT", "CONSTANT", "CONSTANT", *["OPERATOR"] * 5, "OUTPUT"]
