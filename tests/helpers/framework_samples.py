"""Small files of the frameworks' formats, written by hand: no framework is needed to make them."""

from __future__ import annotations

import json

from tests.helpers.mutations import zipped


def varint(number: int) -> bytes:
    """Return a protobuf varint."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def message(*fields: tuple[int, int | bytes | str]) -> bytes:
    """Return a protobuf message of (field number, whole number, bytes or text)."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(content)) + content
    return out


def _node(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    pairs = [(5, message((1, key), (2, value))) for key, value in attributes.items()]
    return message((1, name), (2, op), *((3, one) for one in inputs), *pairs)


def _shape(*sizes: int) -> bytes:
    return message(*((2, message((1, size))) for size in sizes))


def graph_def() -> bytes:
    """Return a GraphDef: a scope with a weight, a function that is called, the parts of a loop."""
    float32 = message((6, 1))
    tensor = message((1, 1), (2, _shape(2, 3)), (4, bytes(24)))
    body = message(
        (1, message((1, "body"), (2, message((1, "x"), (3, 1))), (3, message((1, "y"), (3, 1))))),
        (3, _node("neg", "Neg", "x", T=float32)),
        (4, message((1, "y"), (2, "neg:y:0"))),
    )
    nodes = [
        _node("x", "Placeholder", dtype=float32, shape=message((7, _shape(2, 3)))),
        _node("block/w", "Const", dtype=float32, value=message((8, tensor))),
        _node("block/add", "AddV2", "x", "block/w", T=float32,
              _output_shapes=message((1, message((7, _shape(2, 3)))))),
        _node("block/relu", "Relu", "block/add:0", "^x", T=float32),
        _node("call", "PartitionedCall", "block/relu", f=message((10, message((1, "body"))))),
        _node("enter", "Enter", "call", frame_name=message((2, "loop"))),
        _node("merge", "Merge", "enter", "next"),
        _node("next", "NextIteration", "merge"),
    ]  # fmt: skip
    return message(*((1, one) for one in nodes), (2, message((1, body))), (4, message((1, 1987))))


def saved_model() -> bytes:
    """Return a SavedModel with one signature around `graph_def`."""
    info = [message((1, f"{name}:0"), (2, 1), (3, _shape(2, 3))) for name in ("x", "call")]
    signature = message(
        (1, message((1, "in"), (2, info[0]))),
        (2, message((1, "out"), (2, info[1]))),
        (3, "tensorflow/serving/predict"),
    )
    meta = message(
        (1, message((4, "serve"), (5, "2.21.0"))),
        (2, graph_def()),
        (5, message((1, "serving_default"), (2, signature))),
    )
    return message((1, 1), (2, meta))


GRAPH_DEF_TEXT = b"""node {
  name: "x"
  op: "Placeholder"
  attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "shape" value { shape { dim { size: -1 } dim { size: 3 } } } }
}
node { name: "block/relu" op: "Relu" input: "x" input: "^x" }
versions { producer: 1987 }
"""

HLO_TEXT = b"""HloModule jit_f, entry_computation_layout={(f32[2,3]{1,0})->f32[2]{0}}

%add.1 (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %sum = f32[] add(f32[] %a, f32[] %b), metadata={op_name="jit(f)/reduce_sum"}
}

%fused (p: f32[2,3]) -> f32[2,3] {
  %p = f32[2,3]{1,0} parameter(0)
  ROOT %neg = f32[2,3]{1,0} negate(%p), metadata={op_name="b/neg" source_file="f.py" source_line=7}
}

ENTRY %main (x: f32[2,3]) -> f32[2] {
  %x = f32[2,3]{1,0} parameter(0), metadata={op_name="x"}
  %zero = f32[] constant(0)
  %fusion = f32[2,3]{1,0} fusion(%x), kind=kLoop, calls=%fused
  %t = (f32[2,3]{1,0}, f32[]) tuple(%fusion, %zero)
  %g = f32[2,3]{1,0} get-tuple-element(%t), index=0
  ROOT %r = f32[2]{0} reduce(%g, %zero), dimensions={1}, to_apply=%add.1, control-predecessors={%t}
}
"""

MLIR_TEXT = b"""#loc1 = loc("f.py":7:3)
#loc2 = loc("jit(f)/block/add"(#loc1))
module @jit_f attributes {mhlo.num_partitions = 1 : i32} {
  func.func public @main(%arg0: tensor<2x3xf32> loc("x")) -> (tensor<2xf32> {jax.r = ""}) {
    %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32> loc(#loc1)
    %0 = stablehlo.add %arg0, %arg0 : tensor<2x3xf32> loc(#loc2)
    %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.add across dimensions = [1]
      : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32> loc(#loc2)
    %2 = call @inner(%1) : (tensor<2xf32>) -> tensor<2xf32> loc(#loc1)
    return %2 : tensor<2xf32>
  }
  func.func private @inner(%arg0: tensor<2xf32>) -> tensor<2xf32> {
    %0 = "my.op"(%arg0) ({
    ^bb0(%a: tensor<f32>):
      "my.yield"(%a) : (tensor<f32>) -> ()
    }) {axis = 1 : i64} : (tensor<2xf32>) -> tensor<2xf32>
    return %0 : tensor<2xf32>
  }
}
"""


def _keras_part(kind: str, name: str, inbound: list[object], **config: object) -> dict[str, object]:
    return {
        "module": "keras.layers",
        "class_name": kind,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": inbound,
    }


def _keras_call(source: str) -> dict[str, object]:
    tensor = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [source, 0, 0]},
    }
    return {"args": [tensor], "kwargs": {}}


def keras_config() -> dict[str, object]:
    """Return the configuration of a Keras 3 functional model with a nested model in it."""
    inner = {
        "name": "block",
        "layers": [
            _keras_part("InputLayer", "in", [], batch_shape=[None, 4]),
            _keras_part("Dense", "inner", [_keras_call("in")], units=4, activation="relu"),
        ],
        "input_layers": [["in", 0, 0]],
        "output_layers": [["inner", 0, 0]],
    }
    nested = {"class_name": "Functional", "module": "keras", "name": "block", "config": inner,
              "inbound_nodes": [_keras_call("x")]}  # fmt: skip
    return {
        "module": "keras",
        "class_name": "Functional",
        "config": {
            "name": "net",
            "layers": [
                _keras_part("InputLayer", "x", [], batch_shape=[None, 4]),
                nested,
                _keras_part("Dense", "head", [_keras_call("block")], units=2),
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["head", 0, 0]],
        },
        "build_config": {"input_shape": [None, 4]},
    }


def keras_archive() -> bytes:
    """Return a .keras archive without weights."""
    return zipped(
        [
            ("metadata.json", b'{"keras_version": "3.15.1"}'),
            ("config.json", json.dumps(keras_config()).encode()),
        ]
    )
