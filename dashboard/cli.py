"""The command line: `opscope serve | inspect | layout | measure | compare`.

Imports Panel only to serve. Errors of ours end as one line on standard error and status 2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from graphs.errors import NodeDataError, OpscopeError

EXIT_DIFFERENT = 1
EXIT_BAD_FILE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    parser = _parser()
    values = parser.parse_args(argv)
    try:
        status: int = values.run(values)
    except OpscopeError as error:
        print(f"opscope: {error}", file=sys.stderr)
        return EXIT_BAD_FILE
    except BrokenPipeError:  # `opscope inspect MODEL | head`
        sys.stderr.close()
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    from dashboard.arguments import add_arguments

    parser = argparse.ArgumentParser(
        prog="opscope", description="See where a model's time and precision go."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="open models in the dashboard")
    add_arguments(serve)
    serve.add_argument("--port", type=int, default=5006, help="0 for any free one (default: 5006)")
    serve.add_argument("--address", default="localhost", help="address to listen on")
    serve.add_argument("--no-show", action="store_true", help="do not open a browser")
    serve.add_argument(
        "--allow-websocket-origin",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="host that may embed the dashboard; may be repeated",
    )
    serve.set_defaults(run=_serve)
    inspect = commands.add_parser("inspect", help="say what a model file holds")
    inspect.add_argument("model", type=Path, metavar="MODEL")
    inspect.add_argument("--json", action="store_true", help="print JSON")
    inspect.set_defaults(run=_inspect)
    _add_layout(commands.add_parser("layout", help="say where a model's graph is drawn"))
    _add_measure(commands.add_parser("measure", help="take latency and quantization error"))
    _add_compare(commands.add_parser("compare", help="say where two models differ"))
    return parser


def _add_measure(measure: argparse.ArgumentParser) -> None:
    from dashboard.measure_arguments import add_arguments

    measure.description = "Exit status: 0, 1 a bound was exceeded, 2 something cannot be measured."
    add_arguments(measure)
    measure.set_defaults(run=_measure)


def _add_compare(compare: argparse.ArgumentParser) -> None:
    compare.description = "Exit status: 0 equal, 1 different, 2 a file cannot be read."
    compare.add_argument("a", type=Path, metavar="A")
    compare.add_argument("b", type=Path, metavar="B")
    compare.add_argument("--json", action="store_true", help="print JSON")
    compare.add_argument(
        "--weights", action="store_true", help="say how far the weights of each pair differ"
    )
    compare.add_argument(
        "--tolerance",
        type=_share,
        metavar="SHARE",
        help="compare weights, and call those equal that differ by no more than this share of the"
        " largest",
    )
    compare.add_argument(
        "--mapping", type=Path, metavar="FILE", help="pairs to keep, as Model Explorer writes them"
    )
    compare.add_argument(
        "--write-mapping", type=Path, metavar="FILE", help="keep the pairs for --mapping"
    )
    compare.add_argument(
        "--report",
        type=Path,
        metavar="FILE.html",
        help="write pictures, table and numbers as one page that works offline",
    )
    for side in ("a", "b"):
        compare.add_argument(
            f"--node-data-{side}",
            nargs="+",
            action="extend",
            default=[],
            type=Path,
            metavar="FILE",
            help=f"node data of {side.upper()} for the report: latency, errors, ...",
        )
    compare.set_defaults(run=_compare)


def _add_layout(layout: argparse.ArgumentParser) -> None:
    layout.add_argument("model", type=Path, metavar="MODEL")
    layout.add_argument(
        "--expand",
        action="append",
        default=[],
        metavar="none|all|GROUP,...",
        help="groups to open, with what is around them; may be repeated (default: none)",
    )
    layout.add_argument("--flat", action="store_true", help="every node and no group")
    layout.add_argument("--constants", action="store_true", help="draw constants as nodes")
    layout.add_argument("--direction", choices=("down", "right"), default="down", help="of edges")
    layout.add_argument("--graph", default="", metavar="ID", help="default: the first one")
    layout.add_argument(
        "--json", metavar="FILE", help="write positions, paths and summary; - for standard output"
    )
    layout.add_argument(
        "--cold",
        action="store_true",
        help="time the first layout of a process, which loads or compiles its kernels",
    )
    layout.set_defaults(run=_layout)


def _serve(values: argparse.Namespace) -> int:
    from dashboard.serving import serve

    return serve(values)


def _inspect(values: argparse.Namespace) -> int:
    from dashboard.inspection import inspect, to_text

    report = inspect(values.model)
    if values.json:
        import json

        print(json.dumps(report, ensure_ascii=True, indent=1))
    else:
        print(to_text(report))
    return 0


def _compare(values: argparse.Namespace) -> int:
    from dashboard.comparison import compare, is_equal_within, to_json, write_mapping
    from dashboard.comparison_text import to_text
    from graphs.match_tensors import weight_differences

    if values.report is None and (values.node_data_a or values.node_data_b):
        raise NodeDataError("--node-data", "it goes into a report: add --report FILE.html")
    comparison = compare(values.a, values.b, values.mapping)
    matching = comparison.matching
    is_asked = values.weights or values.tolerance is not None
    weights = list(weight_differences(matching)) if is_asked else None
    if values.write_mapping is not None:
        write_mapping(matching, values.write_mapping)
    if values.report is not None:
        from dashboard.report_command import write_report

        files = values.node_data_a, values.node_data_b
        tolerance = values.tolerance or 0.0
        write_report(comparison, (values.a, values.b), files, values.report, weights, tolerance)
    if values.json:
        import json

        report = to_json(comparison, weights, values.tolerance or 0.0)
        print(json.dumps(report, ensure_ascii=True, allow_nan=False))
    else:
        print(to_text(comparison, values.a, values.b, weights, values.tolerance or 0.0))
    is_equal = matching.is_equal or is_equal_within(matching, weights or (), values.tolerance)
    return 0 if is_equal else EXIT_DIFFERENT


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("a share is from 0 to 1")
    return share


def _measure(values: argparse.Namespace) -> int:
    from dashboard.measuring import measure

    return measure(values)


def _layout(values: argparse.Namespace) -> int:
    from dashboard.layout_report import Choice, lay_out_model, to_text, write_json

    choice = Choice(
        expand=tuple(values.expand),
        flat=values.flat,
        show_constants=values.constants,
        direction=values.direction,
        is_cold=values.cold,
        graph_id=values.graph,
    )
    report = lay_out_model(values.model, choice)
    if values.json is None:
        print(to_text(report))
        return 0
    try:
        write_json(report, values.json)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"opscope: Cannot write {values.json}: {error.strerror}", file=sys.stderr)
        return EXIT_BAD_FILE
    return 0


if __name__ == "__main__":
    sys.exit(main())
