"""The samples that ship with Opscope, as `manifest.toml` states them.

Every model here was made by a seeded script in `sample_models/make`. This
module reads the manifest and nothing else; it imports the standard library only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample model.

    Attributes
    ----------
    name : str
        Unique; what the command line and the URL use.
    title : str
        What the reader sees in a list of samples.
    path : Path
        The model file, absolute.
    format : str
        Name of the format, e.g. ``"ONNX"``.
    description : str
        What is worth looking at, in one or two sentences.
    origin : str
        The script that makes it, relative to the checkout.
    licence : str
        SPDX identifier.
    node_data : tuple of Path
        Measured node data files for this model, absolute; the first opens by default.
    reference : str
        Name of the float twin of a quantized sample, else empty.
    expectation : mapping of str to int
        Counts that reading the file must give: ``n_operators``, ``n_parameters``, ...
    """

    name: str
    title: str
    path: Path
    format: str
    description: str
    origin: str
    licence: str
    node_data: tuple[Path, ...] = ()
    reference: str = ""
    expectation: Mapping[str, int] = field(default_factory=dict)


def samples() -> list[Sample]:
    """Return the samples in the manifest's order; the first is the one that opens by default."""
    with (FOLDER / "manifest.toml").open("rb") as file:
        rows = tomllib.load(file)["sample"]
    return [
        Sample(
            name=row["name"],
            title=row["title"],
            path=FOLDER / row["file"],
            format=row["format"],
            description=row["description"],
            origin=row["origin"],
            licence=row["licence"],
            node_data=tuple(FOLDER / name for name in row["node_data"]),
            reference=row.get("reference", ""),
            expectation=row["expectation"],
        )
        for row in rows
    ]


def sample(name: str) -> Sample:
    """Return the sample of that name; raises KeyError where there is none."""
    for found in samples():
        if found.name == name:
            return found
    raise KeyError(name)
