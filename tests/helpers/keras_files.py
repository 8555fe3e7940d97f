"""Write small Keras files for tests, with zip and HDF5 alone, as Keras 2 and 3 do."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import h5py
import numpy as np

Json = dict[str, Any]


def tensor(name: str, call: int = 0, slot: int = 0, shape: tuple[int | None, ...] = ()) -> Json:
    """A reference of Keras 3 to a tensor."""
    config = {"shape": list(shape) or None, "dtype": "float32", "keras_history": [name, call, slot]}
    return {"class_name": "__keras_tensor__", "config": config}


def part(class_name: str, name: str, calls: list[list[Json]], **config: Any) -> Json:
    """An operation of Keras 3 with its calls, each a list of tensors."""
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "config": {"name": name, **config},
        "name": name,
        "registered_name": None,
        "inbound_nodes": [{"args": call, "kwargs": {}} for call in calls],
    }


def model(name: str, parts: list[Json], inputs: list[Any], outputs: list[Any]) -> Json:
    """A functional model."""
    config = {"name": name, "layers": parts, "input_layers": inputs, "output_layers": outputs}
    return {"module": "keras", "class_name": "Functional", "config": config, "name": name}


def source(name: str, *shape: int | None) -> Json:
    """An InputLayer of Keras 3."""
    return part("InputLayer", name, [], batch_shape=list(shape), dtype="float32")


def shared_model() -> Json:
    """Give x to block(dense d), y to block again, joined; the block counts calls from 1."""
    inner = model(
        "block",
        [source("i", None, 4), part("Dense", "d", [[tensor("i")]], units=3, dtype="float32")],
        ["i", 0, 0],
        ["d", 0, 0],
    )
    inner["inbound_nodes"] = [{"args": [tensor(n)], "kwargs": {}} for n in ("x", "y")]
    joined = part("Concatenate", "join", [[tensor("block", 1), tensor("block", 2)]], axis=-1)
    parts = [source("x", None, 4), source("y", None, 4), inner, joined]
    return model("m", parts, [["x", 0, 0], ["y", 0, 0]], [["join", 0, 0]])


def archive(config: Json | bytes, weights: bytes | None = None, packing: int = 0) -> bytes:
    """A .keras archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", packing) as file:
        content = config if isinstance(config, bytes) else json.dumps(config).encode()
        for name, held in (
            ("metadata.json", b'{"keras_version": "3.15.1"}'),
            ("config.json", content),
            *([("model.weights.h5", weights)] if weights is not None else []),
        ):
            file.writestr(zipfile.ZipInfo(name), held, packing)
    return target.getvalue()


def hdf5(arrays: dict[str, np.ndarray], attributes: dict[str, dict[str, Any]]) -> bytes:
    """An HDF5 file of datasets, and of attributes by group."""
    target = io.BytesIO()
    with h5py.File(target, "w", track_order=False) as file:
        for path, array in arrays.items():
            file[path] = array
        for path, found in attributes.items():
            group = file.require_group(path)
            for name, value in found.items():
                group.attrs[name] = value
    return target.getvalue()


def shared_weights() -> bytes:
    """The weights of `shared_model`, as Keras 3 lays them out."""
    arrays = {
        "layers/functional/layers/dense/vars/0": np.arange(12, dtype=np.float32).reshape(4, 3),
        "layers/functional/layers/dense/vars/1": np.ones(3, np.float32),
        "optimizer/vars/0": np.zeros(99, np.float32),
    }
    names = {
        "layers/functional/vars": {"name": "block"},
        "layers/functional/layers/dense/vars": {"name": "d"},
    }
    return hdf5(arrays, names)


def legacy_model() -> bytes:
    """A Keras 2 file: a convolution, an operation with a tensor among its kwargs, a Lambda."""
    shape = {"batch_input_shape": [None, 8, 8, 1], "dtype": "float32", "name": "in"}
    conv = {"name": "b/conv", "filters": 2, "kernel_size": [3, 3], "strides": [2, 2],
            "padding": "same", "data_format": "channels_last", "dtype": "float32"}  # fmt: skip
    code = {"name": "lam", "function": ["4wEAAAA=", None, None], "function_type": "lambda"}
    operations = [
        {"class_name": "InputLayer", "name": "in", "config": shape, "inbound_nodes": []},
        {"class_name": "Conv2D", "name": "b/conv", "config": conv,
         "inbound_nodes": [[["in", 0, 0, {}]]]},
        {"class_name": "TFOpLambda", "name": "tf.add", "config": {"function": "math.add"},
         "inbound_nodes": [["b/conv", 0, 0, {"y": ["in", 0, 0], "name": None, "z": 2.0}]]},
        {"class_name": "Lambda", "name": "lam", "config": code,
         "inbound_nodes": [[["tf.add", 0, 0, {}]]]},
    ]  # fmt: skip
    config = {"name": "old", "layers": operations, "input_layers": [["in", 0, 0]],
              "output_layers": [["lam", 0, 0]]}  # fmt: skip
    raw = json.dumps({"class_name": "Functional", "config": config})
    arrays = {
        "model_weights/b/conv/b/conv/kernel:0": np.full((3, 3, 1, 2), 0.5, np.float32),
        "model_weights/b/conv/b/conv/bias:0": np.zeros(2, np.float32),
    }
    about = {
        "/": {"model_config": raw, "keras_version": "2.15.0", "backend": "tensorflow"},
        "model_weights": {"layer_names": np.array([b"in", b"b/conv", b"tf.add", b"lam"])},
        "model_weights/b/conv": {"weight_names": np.array([b"b/conv/kernel:0", b"b/conv/bias:0"])},
        **{f"model_weights/{n}": {"weight_names": np.zeros(0)} for n in ("in", "tf.add", "lam")},
    }
    return hdf5(arrays, about)
