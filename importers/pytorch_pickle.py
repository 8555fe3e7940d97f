"""Where torch.save put each tensor of a state dict, read from its pickle without unpickling.

A stack machine over the opcodes of `pickletools` that knows the few names which torch
writes for tensors (https://github.com/pytorch/pytorch/blob/main/torch/_utils.py) and
refuses everything else. Nothing is imported and nothing is called. Imports no torch.
"""

from __future__ import annotations

import pickletools
import warnings
from dataclasses import dataclass
from typing import Any

MAX_OPCODES = 20_000_000
_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "",
}
_DTYPES = frozenset(
    {
        "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
        "uint16", "uint32", "uint64", "bool", "complex64", "complex128", "float8_e4m3fn",
        "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as a view of a stored run of bytes.

    Attributes
    ----------
    key : str
        Member of the archive's folder ``data`` that holds the bytes.
    dtype : str
    offset : int
        Elements before the first.
    shape, strides : tuple of int
        In elements.
    """

    key: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Global:
    """A name that the pickle refers to; nothing is looked up."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: str


_MARK = object()


class PickleRefused(ValueError):
    """The pickle is cut, or holds something other than tensors by name."""


def stored_tensors(pickled: bytes) -> dict[str, StoredTensor]:
    """Return the tensors of a pickled dict by name; a pickled tensor has the name ``""``.

    Raises
    ------
    PickleRefused
        It is cut, or refers to a name that is not in the table.
    """
    try:
        with warnings.catch_warnings():
            # A name may hold what Python's own decoding of escapes warns of.
            warnings.simplefilter("ignore", DeprecationWarning)
            result = _result(pickled)
    except PickleRefused:
        raise
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise PickleRefused(f"it is cut or corrupt ({error})") from error
    if isinstance(result, StoredTensor):
        return {"": result}
    if not isinstance(result, dict):
        raise PickleRefused("it holds no dictionary of tensors")
    return {k: v for k, v in result.items() if isinstance(k, str) and isinstance(v, StoredTensor)}


def _result(pickled: bytes) -> Any:
    """Return what the last opcode leaves on the stack."""
    machine = _Machine()
    for count, (opcode, argument, _at) in enumerate(pickletools.genops(pickled)):
        if count > MAX_OPCODES:
            raise PickleRefused("it has too many opcodes")
        machine.step(opcode.name, argument)
    return machine.pop()


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """Take the top of the stack."""
        return self._stack.pop()

    def step(self, name: str, argument: Any) -> None:
        """Do what one opcode says."""
        stack = self._stack
        if name in _LITERALS:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name]())
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name in _TUPLES:
            n_items = _TUPLES[name]
            if n_items > len(stack):
                raise PickleRefused("it is cut or corrupt")
            stack[len(stack) - n_items :] = [tuple(stack[len(stack) - n_items :])]
        elif name in ("PROTO", "FRAME", "STOP"):
            return
        else:
            self._compound(name, argument)

    def _compound(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name == "GLOBAL":
            module, _, attribute = argument.partition(" ")
            stack.append(_Global(module, attribute))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_Global(str(module), str(attribute)))
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_reduced(function, arguments))
        elif name == "BUILD":
            stack.pop()  # what a dict of torch says of itself beside its items
        elif name == "TUPLE":
            stack.append(tuple(self._to_mark()))
        elif name in ("APPEND", "APPENDS"):
            items = self._to_mark() if name == "APPENDS" else [stack.pop()]
            _refuse_unless(isinstance(stack[-1], list), "a list")
            stack[-1].extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = self._to_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            _refuse_unless(isinstance(stack[-1], dict), "a dictionary")
            stack[-1].update(
                (k, v) for k, v in zip(items[::2], items[1::2], strict=True) if isinstance(k, str)
            )
        else:
            raise PickleRefused(f"it uses the opcode {name}, which tensors do not need")

    def _to_mark(self) -> list[Any]:
        """Take what lies above the last mark, and the mark."""
        stack = self._stack
        at = len(stack) - 1
        while at >= 0 and stack[at] is not _MARK:
            at -= 1
        _refuse_unless(at >= 0, "a mark")
        items = stack[at + 1 :]
        del stack[at:]
        return items


_LITERALS = frozenset(
    {
        "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BININT", "BININT1", "BININT2",
        "LONG1", "LONG4", "INT", "LONG", "BINFLOAT", "FLOAT", "SHORT_BINSTRING", "BINSTRING",
    }
)  # fmt: skip
_CONSTANTS: dict[str, Any] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _storage(pid: Any) -> _Storage:
    """Return what ``('storage', type, key, device, n)`` names."""
    _refuse_unless(isinstance(pid, tuple) and len(pid) >= 3 and pid[0] == "storage", "a storage")
    kind, key = pid[1], pid[2]
    is_known = isinstance(kind, _Global) and kind.name in _STORAGES
    _refuse_unless(is_known and isinstance(key, str), "a storage of torch")
    return _Storage(key, _STORAGES[kind.name])


def _reduced(function: Any, arguments: Any) -> Any:
    """Return what torch's own function would make; nothing is called."""
    _refuse_unless(isinstance(function, _Global) and isinstance(arguments, tuple), "a call")
    name = f"{function.module}.{function.name}"
    if name == "collections.OrderedDict":
        return {}
    if name == "torch._utils._rebuild_parameter" and arguments:
        return arguments[0]
    if name in ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"):
        return _tensor(arguments, None)
    if name == "torch._utils._rebuild_tensor_v3" and len(arguments) > 6:
        return _tensor(arguments, arguments[6])
    if name == "torch._export.serde.serialize._reconstruct_fake_tensor":
        return None  # a tensor without data
    raise PickleRefused(f"it calls {name[:200]}, which is not a tensor's")


def _tensor(arguments: tuple[Any, ...], dtype: Any) -> StoredTensor:
    _refuse_unless(len(arguments) >= 4, "a tensor")
    storage, offset, shape, strides = arguments[:4]
    _refuse_unless(isinstance(storage, _Storage) and _is_size(offset), "a tensor's storage")
    _refuse_unless(_are_sizes(shape) and _are_sizes(strides), "a tensor's shape")
    _refuse_unless(len(shape) == len(strides), "a tensor's strides")
    found = storage.dtype
    if isinstance(dtype, _Global):
        found = dtype.name if dtype.module == "torch" and dtype.name in _DTYPES else ""
    _refuse_unless(bool(found), "a tensor's dtype")
    return StoredTensor(storage.key, found, offset, shape, strides)


def _is_size(number: Any) -> bool:
    return isinstance(number, int) and 0 <= number < 1 << 62


def _are_sizes(numbers: Any) -> bool:
    return isinstance(numbers, tuple) and len(numbers) <= 64 and all(map(_is_size, numbers))


def _refuse_unless(is_fine: bool, what: str) -> None:
    if not is_fine:
        raise PickleRefused(f"{what} is missing where one must be")
