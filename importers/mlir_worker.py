"""Write MLIR bytecode from the standard input as text, in a process of its own.

    python -m importers.mlir_worker LARGEST_CONSTANT < module.mlirbc > module.mlir

Ends with status 1 and one line on the standard error where jaxlib refuses it.
"""

from __future__ import annotations

import sys
from typing import Any

MAX_MEMORY_BYTES = 8 << 30
PORTABLE = b"StableHLO_v"


def main(arguments: list[str]) -> int:
    """Write the module; constants of more elements than the argument are left out, none at 0."""
    _limit_memory()
    content = sys.stdin.buffer.read()
    limit = int(arguments[0]) if arguments else 0
    try:
        text = module_text(content, limit)
    except Exception as error:  # whatever jaxlib raises is its refusal
        print(" ".join(str(error).split())[:500], file=sys.stderr)
        return 1
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


def module_text(content: bytes, limit: int) -> str:
    """Return a module's text with its locations.

    Parameters
    ----------
    content : bytes
        Bytecode of any dialect, or a StableHLO portable artifact.
    limit : int
        Constants of more elements are left out; 0 for all of them.
    """
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    context = ir.Context()
    context.allow_unregistered_dialects = True
    _register(context)
    with context:
        if content[5 : 5 + len(PORTABLE)] == PORTABLE:
            module = stablehlo.deserialize_portable_artifact(context, content)
        else:
            module = ir.Module.parse(content)
        return asm(module, limit)


def asm(module: Any, limit: int = 0) -> str:
    """Return the text of a module of jaxlib's bindings, with locations."""
    options: dict[str, Any] = {"large_elements_limit": limit} if limit else {}
    text: str = module.operation.get_asm(enable_debug_info=True, **options)
    return text


def _register(context: Any) -> None:
    """Load the dialects that jaxlib brings: properties of others cannot be told from bytecode."""
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import chlo, sdy, stablehlo

    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    context.load_all_available_dialects()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
