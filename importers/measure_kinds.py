"""What the name of a measure says: its unit, how it aggregates, which way is worse.

A file that somebody else wrote has only a header such as ``CPU latency (us)``. The
rules are a table, first match wins; what no rule knows may be aggregated in any way,
and the page names the one that it shows. Imports only `graphs`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graphs.node_data import Aggregation

# Spelling in files -> unit that is shown.
UNITS = {
    "s": "s", "sec": "s", "seconds": "s", "ms": "ms", "msec": "ms", "milliseconds": "ms",
    "us": "us", "µs": "us", "usec": "us", "microseconds": "us", "ns": "ns", "nanoseconds": "ns",
    "b": "bytes", "byte": "bytes", "bytes": "bytes", "kb": "kB", "kib": "KiB", "mb": "MB",
    "mib": "MiB", "gb": "GB", "gib": "GiB", "db": "dB", "%": "%", "percent": "%",
    "flops": "FLOPs", "flop": "FLOPs", "macs": "MACs", "flops/byte": "FLOPs/byte",
    "cycles": "cycles", "j": "J", "mj": "mJ",
}  # fmt: skip
# Without brackets only these are taken for a unit: `b` or `s` may end any name.
_SUFFIX_UNITS = {"ms", "us", "µs", "ns", "msec", "usec", "seconds", "bytes", "kb", "mb", "db"}

_IN_BRACKETS = re.compile(r"(.*?)\s*[(\[]\s*([^()\[\]]{0,20}?)\s*[)\]]\s*", re.DOTALL)
_SUFFIX = re.compile(r"(.+?)[\s_]+([^\s_]+)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")
MAX_NAME_CHARS = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """How a measure behaves.

    Attributes
    ----------
    aggregations : tuple of Aggregation
        What may be shown on a group, the first by default.
    is_higher_worse : bool
    """

    aggregations: tuple[Aggregation, ...]
    is_higher_worse: bool = True


_RULES: tuple[tuple[frozenset[str], Kind], ...] = (
    (frozenset({"distance"}), Kind(("max", "mean"))),  # before `cosine`, which is a similarity
    (
        frozenset({"sqnr", "snr", "psnr", "db", "cosine", "similarity", "accuracy", "correlation"}),
        Kind(("min", "mean"), is_higher_worse=False),
    ),
    (frozenset({"intensity"}), Kind(("mean", "min", "max"), is_higher_worse=False)),
    (frozenset({"throughput", "fps", "speedup"}), Kind(("min", "mean"), is_higher_worse=False)),
    (frozenset({"count", "counts", "calls", "flops", "flop", "macs", "cycles"}),
     Kind(("sum", "max", "mean"))),
    (
        frozenset({"error", "errors", "err", "mse", "rmse", "mae", "diff", "difference", "loss",
                   "divergence", "distance", "deviation", "noise"}),
        Kind(("max", "mean")),
    ),
    (frozenset({"peak"}), Kind(("max", "mean"))),
    (
        frozenset({"latency", "time", "duration", "s", "ms", "us", "µs", "ns", "energy", "j",
                   "mj"}),
        Kind(("sum", "max", "mean")),
    ),
    (
        frozenset({"bytes", "kb", "kib", "mb", "mib", "gb", "gib", "memory", "size", "parameters",
                   "params", "weights", "elements"}),
        Kind(("sum", "max", "mean")),
    ),
    (frozenset({"%", "percent", "ratio", "share", "utilization", "sparsity"}),
     Kind(("mean", "max", "min"))),
)  # fmt: skip
UNKNOWN = Kind(("sum", "max", "mean", "min"))


def split_unit(label: str) -> tuple[str, str]:
    """Split ``latency (ms)``, ``latency [ms]``, ``latency_ms`` or ``output bytes``.

    Returns
    -------
    name, unit : str
        The unit is empty where the label has none that is known or bracketed.
    """
    label = " ".join(label.split())[:MAX_NAME_CHARS]
    bracketed = _IN_BRACKETS.fullmatch(label)
    if bracketed and bracketed.group(1):
        unit = bracketed.group(2)
        return bracketed.group(1), UNITS.get(unit.lower(), unit)
    tail = _SUFFIX.fullmatch(label)
    if tail:
        name, _, last = label.replace("_", " ").rpartition(" ")
        if last.lower() in _SUFFIX_UNITS and name.strip():
            return label[: len(name)].strip(" _"), UNITS[last.lower()]
    return label, ""


def kind_of(name: str, unit: str) -> Kind:
    """Return how a measure of that name and unit aggregates, and which way is worse."""
    words = {word.lower() for word in _WORD.findall(name)} | {unit.lower()}
    for known, kind in _RULES:
        if words & known:
            return kind
    return UNKNOWN
