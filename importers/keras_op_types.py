"""What a Keras operation is called, and what the file says of its tensors.

Apart from the graph's rows because these are rules of the format. Imports no framework.
"""

from __future__ import annotations

from graphs.errors import quoted
from graphs.tensor_type import TensorType
from importers.keras_config import Operation, shape_of


def op_type(operation: Operation) -> str:
    """Return the class, with its package or module where it is not one of Keras's own."""
    config = operation.config
    if operation.class_name in ("TFOpLambda", "SlicingOpLambda", "ClassMethod"):
        function = config.get("function") or config.get("symbol")
        return quoted(f"tf.{function}") if isinstance(function, str) else operation.class_name
    if operation.class_name == "TensorFlowOpLayer":
        node = config.get("node_def")
        op = node.get("op") if isinstance(node, dict) else None
        if isinstance(node, str) and '"op"' in node[:4096]:
            op = node[node.index('"op"') + 4 :][:200].partition('"')[2].partition('"')[0]
        return quoted(f"tf.{op}") if isinstance(op, str) and op else operation.class_name
    if ".ops" in operation.module:
        return quoted(f"ops.{operation.class_name}")
    if ">" in operation.registered:
        return quoted(operation.registered)
    return quoted(operation.class_name)


def is_own(operation: Operation) -> bool:
    """Return whether the class is one of Keras's own, so that rules for it hold."""
    module = operation.module
    is_module = not module or (module.startswith(("keras", "tf_keras")) and ".ops" not in module)
    registered = operation.registered
    return is_module and (not registered or registered == operation.class_name)


def input_type(operation: Operation) -> TensorType:
    """Return the type that an InputLayer states."""
    config = operation.config
    shape = shape_of(config.get("batch_shape", config.get("batch_input_shape")))
    dtype = config.get("dtype", config.get("input_dtype"))
    return TensorType(dtype if isinstance(dtype, str) else "", shape)


def merged(hint: TensorType, inferred: TensorType, *, is_exact: bool) -> TensorType:
    """Return what the file says, its unknown dimensions filled by what was inferred.

    Parameters
    ----------
    is_exact : bool
        False in an inner model, whose file text tells of the call it was made with,
        not of this one: where both differ nothing is known.
    """
    dtype = hint.dtype or inferred.dtype
    if hint.shape is None or inferred.shape is None:
        return TensorType(dtype, inferred.shape if hint.shape is None else hint.shape)
    if len(hint.shape) != len(inferred.shape):
        return TensorType(dtype, hint.shape if is_exact else None)
    dims = [
        b if a is None else a if b is None or a == b or is_exact else None
        for a, b in zip(hint.shape, inferred.shape, strict=True)
    ]
    return TensorType(dtype, tuple(dims))
