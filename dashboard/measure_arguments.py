"""The options of `opscope measure`. Imports the standard library only."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

N_RANDOM_SAMPLES = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `opscope measure`."""
    _add_what(parser)
    _add_runs(parser)
    _add_onnx_runtime(parser.add_argument_group("ONNX Runtime"))
    _add_images(parser.add_argument_group("preprocessing of pictures", "(pixel − mean) / std"))


def _add_what(parser: argparse.ArgumentParser) -> None:
    """Add what is measured and where it goes."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL")
    add("--reference", type=Path, metavar="FLOAT_MODEL", help="float twin, to measure error")
    add(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="pairs of nodes where names differ, as `opscope compare` writes them",
    )
    add(
        "--inputs",
        type=Path,
        metavar="FILE",
        help=".npz, .npy or a folder of pictures (default: seeded random data)",
    )
    add("--latency", action="store_true", help="measure latency (default without --reference)")
    add("--error", action="store_true", help="measure error (default with --reference)")
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help=".json: Model Explorer node data, one set a measure; .csv: one column a measure",
    )
    add(
        "--channels",
        type=Path,
        metavar="FILE",
        help="write the errors of weights by channel: .csv a row each, .json an array a measure",
    )
    add(
        "--fail-above",
        type=_bound,
        action="append",
        default=[],
        metavar="MEASURE=VALUE",
        help="exit with status 1 when a node exceeds it (for SQNR: falls below); may be repeated",
    )


def _add_runs(parser: argparse.ArgumentParser) -> None:
    """Add how a model is run."""
    add = parser.add_argument
    add("--threads", type=_positive, default=1, metavar="N", help="threads (default: 1)")
    add("--repeat", type=_positive, default=100, metavar="N", help="timed runs (default: 100)")
    add("--warm-up", type=_count, default=5, metavar="N", help="runs before (default: 5)")
    add(
        "--samples",
        type=_positive,
        default=N_RANDOM_SAMPLES,
        metavar="N",
        help=f"random samples for error (default: {N_RANDOM_SAMPLES})",
    )
    add(
        "--dim",
        type=_dim,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="size of a free dimension (default: 1); may be repeated",
    )
    add("--time-limit", type=_positive, default=300, metavar="S", help="in seconds (default: 300)")
    add("--memory-limit", type=_positive, default=8192, metavar="MB", help="default: 8192")


def _add_onnx_runtime(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--optimize",
        choices=("off", "basic", "extended", "all"),
        default="off",
        help="graph optimization for latency (default: off); fused nodes are told",
    )
    group.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="NAME",
        help="execution provider for latency; may be repeated (default: the CPU)",
    )


def _add_images(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--image-color", choices=("RGB", "BGR", "L"), default="RGB", help="default: RGB"
    )
    group.add_argument(
        "--image-mean", type=_numbers, default=(0.0,), metavar="N[,N,N]", help="default: 0"
    )
    group.add_argument(
        "--image-std", type=_numbers, default=(255.0,), metavar="N[,N,N]", help="default: 255"
    )


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 1,000,000, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    return 0 if text == "0" else _positive(text)


def _dim(text: str) -> tuple[str, int]:
    name, _, size = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"NAME=VALUE, not {text!r}")
    return name, _positive(size)


def _bound(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        bound = float(value)
    except ValueError:
        bound = math.nan
    if not name or math.isnan(bound):
        raise argparse.ArgumentTypeError(f"MEASURE=VALUE, not {text!r}")
    return name, bound


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"N or N,N,N, not {text!r}") from None
