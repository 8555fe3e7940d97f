"""The values of a run as Parquet files: by node, and of weights by channel.

Sizes are checked before anything is read; nothing is unpickled. Imports no widgets;
pyarrow inside functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dashboard.run_channels import MAX_ROWS, NUMBERS, TEXTS, ChannelErrors
from dashboard.run_record import Run, RunRecord

VALUES, CHANNELS = "values.parquet", "channels.parquet"
NODE_COLUMN = "node"
MAX_VALUES_BYTES = 256 << 20
MAX_CELLS = 100_000_000


def write_values(target: Any, run: Run) -> None:
    """Write the values as Parquet: the node ids, then a float64 column a measure.

    Parameters
    ----------
    target : Path or file
    run : Run
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {NODE_COLUMN: pa.array(run.nodes, type=pa.string())}
    for info in run.record.sets:
        columns[info.id] = pa.array(run.columns[info.id], type=pa.float64(), from_pandas=True)
    pq.write_table(pa.table(columns), target)


def write_channels(target: Any, table: ChannelErrors) -> None:
    """Write the errors of weights by channel as Parquet: a row a channel.

    Parameters
    ----------
    target : Path or file
    table : ChannelErrors
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {
        "node": pa.array(table.node, type=pa.string()),
        "tensor": pa.array(table.tensor, type=pa.string()),
    }
    for name in NUMBERS:
        columns[name] = pa.array(table.numbers[name], type=pa.float64())
    pq.write_table(pa.table(columns), target)


def read_run(folder: Path, record: RunRecord) -> Run:
    """Return a run whose values lie in a folder.

    Raises
    ------
    OSError, ValueError, KeyError, MemoryError
        A file is missing or damaged.
    """
    import pyarrow as pa

    ids = [info.id for info in record.sets]
    try:
        table = _read(folder / VALUES, [NODE_COLUMN, *ids], MAX_CELLS)
        nodes = tuple(str(node) for node in table.column(NODE_COLUMN).to_pylist())
        columns = {id: np.asarray(table.column(id).to_numpy(), dtype=np.float64) for id in ids}
        return Run(record, nodes, columns, _channels(folder / CHANNELS))
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _channels(path: Path) -> ChannelErrors:
    if not path.is_file():
        return ChannelErrors()
    names = [*TEXTS, *NUMBERS]
    table = _read(path, names, MAX_ROWS * len(names))
    texts = [tuple(str(text) for text in table.column(name).to_pylist()) for name in TEXTS]
    numbers = {n: np.asarray(table.column(n).to_numpy(), dtype=np.float64) for n in NUMBERS}
    return ChannelErrors(texts[0], texts[1], numbers)


def _read(path: Path, names: list[str], max_cells: int) -> Any:
    """Return the named columns of a Parquet file."""
    import pyarrow.parquet as pq

    if path.stat().st_size > MAX_VALUES_BYTES:
        raise ValueError("the file is too large")
    with path.open("rb") as file:
        metadata = pq.ParquetFile(file).metadata
        if metadata.num_rows * metadata.num_columns > max_cells:
            raise ValueError("it claims too many values")
        return pq.read_table(file, columns=names)
