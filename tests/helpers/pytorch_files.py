"""Exported programs written by hand, in each layout that torch has had, without torch."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

FLOAT, LONG, BOOL = 7, 5, 12
CODES = {"float32": FLOAT, "int64": LONG, "bool": BOOL, "bfloat16": 13}
STORAGES = {"float32": "FloatStorage", "int64": "LongStorage", "bool": "BoolStorage"}
STACK = "L__self__,,net.Net"
Json = dict[str, Any]


def tensor(name: str) -> Json:
    """Return an argument that refers to a tensor."""
    return {"as_tensor": {"name": name}}


def symbol(name: str) -> Json:
    """Return a size that is a symbol, as torch writes it since 2.6."""
    text = f"Symbol('{name}', positive=True, integer=True)"
    return {"as_expr": {"expr_str": text, "hint": {"as_int": 4}}}


def meta(*sizes: int | str, dtype: str = "float32") -> Json:
    """Return the type of a contiguous tensor; a text is a symbolic size."""
    shape = [{"as_int": s} if isinstance(s, int) else symbol(s) for s in sizes]
    numbers = [s if isinstance(s, int) else 4 for s in sizes]
    strides = [int(np.prod(numbers[i + 1 :], initial=1)) for i in range(len(numbers))]
    return {
        "dtype": CODES[dtype],
        "sizes": shape,
        "requires_grad": False,
        "device": {"type": "cpu", "index": None},
        "strides": [{"as_int": s} for s in strides],
        "storage_offset": {"as_int": 0},
        "layout": 7,
    }


def node(target: str, inputs: Mapping[str, Json], outputs: list[Json], **metadata: str) -> Json:
    """Return an operator call."""
    return {
        "target": target,
        "inputs": [{"name": n, "arg": arg, "kind": 1} for n, arg in inputs.items()],
        "outputs": outputs,
        "metadata": metadata,
        "is_hop_single_tensor_return": None,
        "name": next(iter(outputs[0].values()))["name"] if outputs else "effect",
    }


def graph(inputs: list[str], nodes: list[Json], outputs: list[Json], types: Json) -> Json:
    """Return a graph."""
    return {
        "inputs": [tensor(name) for name in inputs],
        "outputs": outputs,
        "nodes": nodes,
        "tensor_values": types,
        "sym_int_values": {},
        "sym_bool_values": {},
        "is_single_tensor_return": False,
        "custom_obj_values": {},
    }


def program(top: Json, inputs: list[Json], outputs: list[Json], **more: Any) -> Json:
    """Return a whole program with the specs of its inputs and outputs."""
    return {
        "graph_module": {
            "graph": top,
            "signature": {"input_specs": inputs, "output_specs": outputs},
            "module_call_graph": [],
        },
        "opset_version": {"aten": 10},
        "range_constraints": {"s0": {"min_val": 2, "max_val": 64}},
        "schema_version": {"major": 8, "minor": 20},
        "torch_version": "2.13.0",
        **more,
    }


def parameter(name: str, value: str) -> Json:
    """Return the spec of a parameter."""
    return {"parameter": {"arg": {"name": value}, "parameter_name": name}}


def buffer(name: str, value: str, *, persistent: bool = True) -> Json:
    """Return the spec of a buffer."""
    spec = {"arg": {"name": value}, "buffer_name": name, "persistent": persistent}
    return {"buffer": spec}


def user_input(name: str) -> Json:
    """Return the spec of what the caller passes."""
    return {"user_input": {"arg": tensor(name)}}


def user_output(name: str) -> Json:
    """Return the spec of what the caller gets."""
    return {"user_output": {"arg": tensor(name)}}


def small_program() -> Json:
    """Return a net: ``count += 1; return relu(x @ w.T) + 1`` with the module ``block.0``."""
    block = f"{STACK};L__self__block.0,block.0,net.Block"
    trace = 'File "net.py", line 7, in forward\n    x = self.block(x)'
    nodes = [
        node(
            "torch.ops.aten.linear.default",
            {"input": tensor("x"), "weight": tensor("p_block_0_w")},
            [tensor("linear")],
            nn_module_stack=block,
            stack_trace=f'{trace}\n  File "<eval_with_key>.1", line 5, in forward\n    linear = 1',
        ),
        node(
            "torch.ops.aten.relu.default",
            {"self": tensor("linear")},
            [tensor("relu")],
            nn_module_stack=block,
        ),
        node(
            "torch.ops.aten.add.Tensor",
            {"self": tensor("b_count"), "other": {"as_int": 1}},
            [tensor("add")],
            nn_module_stack=STACK,
        ),
    ]
    types = {
        "x": meta("s0", 2),
        "p_block_0_w": meta(3, 2),
        "b_count": meta(dtype="int64"),
        "linear": meta("s0", 3),
        "relu": meta("s0", 3),
        "add": meta(dtype="int64"),
    }
    top = graph(["p_block_0_w", "b_count", "x"], nodes, [tensor("add"), tensor("relu")], types)
    inputs = [parameter("block.0.w", "p_block_0_w"), buffer("count", "b_count"), user_input("x")]
    mutation = {"buffer_mutation": {"arg": {"name": "add"}, "buffer_name": "count"}}
    return program(top, inputs, [mutation, user_output("relu")])


SMALL_WEIGHTS = {
    "block.0.w": np.arange(6, dtype=np.float32).reshape(3, 2),
    "count": np.array(5, dtype=np.int64),
}


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def payloads(weights: Mapping[str, np.ndarray]) -> tuple[Json, dict[str, bytes]]:
    """Return the config of weights and their members, as since torch 2.9."""
    config = {
        name: {
            "path_name": f"weight_{i}",
            "is_param": True,
            "use_pickle": False,
            "tensor_meta": meta(*array.shape, dtype=array.dtype.name),
        }
        for i, (name, array) in enumerate(weights.items())
    }
    contents = {f"weight_{i}": array.tobytes() for i, array in enumerate(weights.values())}
    return {"config": config}, contents


def layout_2_9(whole: Json, weights: Mapping[str, np.ndarray], model: str = "model") -> bytes:
    """Return the archive that torch writes since 2.9."""
    return zipped(members_2_9(whole, weights, model))


def members_2_9(
    whole: Json, weights: Mapping[str, np.ndarray], model: str = "model"
) -> dict[str, bytes]:
    """Return the members of `layout_2_9`."""
    config, contents = payloads(weights)
    members = {f"net/data/weights/{name}": data for name, data in contents.items()}
    members[f"net/data/weights/{model}_weights_config.json"] = json.dumps(config).encode()
    members[f"net/data/constants/{model}_constants_config.json"] = b'{"config": {}}'
    members[f"net/models/{model}.json"] = json.dumps(whole).encode()
    members["net/archive_format"] = b"pt2"
    return members


def layout_2_8(whole: Json, weights: Mapping[str, np.ndarray]) -> bytes:
    """Return the archive that torch 2.8 writes."""
    return zipped(
        {
            "net/models/model.json": json.dumps(whole).encode(),
            "net/data/weights/model.pt": torch_saved(weights),
            "net/data/constants/model.pt": torch_saved({}),
            "net/archive_format": b"pt2",
        }
    )


def layout_2_5(whole: Json, weights: Mapping[str, np.ndarray]) -> bytes:
    """Return the archive that torch 2.5 to 2.7 write."""
    return zipped(
        {
            "serialized_exported_program.json": json.dumps(whole).encode(),
            "serialized_state_dict.pt": torch_saved(weights),
            "serialized_constants.pt": torch_saved({}),
            "serialized_example_inputs.pt": b"",
            "version": b"7.3",
        }
    )


def torch_saved(weights: Mapping[str, np.ndarray]) -> bytes:
    """Return what torch.save writes for a state dict, its pickle assembled opcode by opcode."""
    code = [b"\x80\x02", _global("collections", "OrderedDict"), b")R("]
    members: dict[str, bytes] = {}
    for index, (name, array) in enumerate(weights.items()):
        storage = b"(" + _text("storage") + _global("torch", STORAGES[array.dtype.name])
        storage += _text(str(index)) + _text("cpu") + _number(array.size) + b"tQ"
        strides = [s // array.itemsize for s in array.strides]
        code += [_text(name), _global("torch._utils", "_rebuild_tensor_v2"), b"(", storage]
        code += [_number(0), _tuple(array.shape), _tuple(strides), b"\x89"]
        code += [_global("collections", "OrderedDict"), b")R", b"tR"]
        members[f"archive/data/{index}"] = array.tobytes()
    code.append(b"u.")
    return zipped({"archive/data.pkl": b"".join(code), **members, "archive/version": b"3\n"})


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _number(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _tuple(numbers: tuple[int, ...] | list[int]) -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"


def canary(path: str) -> bytes:
    """Return a pickle that would write a file if anybody unpickled it."""

    class Canary:
        def __reduce__(self) -> tuple[Any, ...]:
            return open, (path, "w")

    return pickle.dumps({"x": Canary()}, protocol=2)
