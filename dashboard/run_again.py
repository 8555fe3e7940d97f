"""What a kept run was asked for, so that more can be asked of the same: files by their hashes.

A run's record holds settings and hashes; the files themselves are those that are at hand now, if
their content is the run's. Imports no widgets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts
from dashboard.run_request import Request
from graphs.errors import NotRunnable, quoted
from graphs.ir import Model
from measures.images import Preprocessing
from measures.latency import LatencySettings
from measures.quantization import N_RANDOM_SAMPLES
from measures.runners.worker import Limits

WHAT = "the distribution of errors"


@dataclass(frozen=True, slots=True)
class AtHand:
    """The files that a run may have been taken with.

    Attributes
    ----------
    references, inputs, mappings : sequence of FileSource
        Float models, files of arrays or pictures, pairs of nodes.
    limits : Limits
    """

    references: Sequence[FileSource] = ()
    inputs: Sequence[FileSource] = ()
    mappings: Sequence[FileSource] = ()
    limits: Limits = field(default_factory=Limits)


def again(model: Model, file: FileSource, facts: ErrorFacts, at_hand: AtHand) -> Request:
    """Return the request that led to the errors of a run; files are read to know them: in a job.

    Raises
    ------
    NotRunnable
        A file that the run was taken with is not at hand, or the record is damaged.
    """
    held = facts.conditions
    reference = _same(at_hand.references, held.get("reference_sha256"), "float model",
                      facts.reference)  # fmt: skip
    inputs = _same(at_hand.inputs, held.get("inputs_sha256"), "inputs", str(held.get("data", "")))
    mapping = _same(at_hand.mappings, facts.mapping_sha256, "pairs of nodes", facts.mapping)
    try:
        settings = _settings(held.get("settings") or {})
        n_samples = int((held.get("settings") or {}).get("n_samples", N_RANDOM_SAMPLES))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise NotRunnable(WHAT, "a record of the run that can be read") from error
    return Request(
        model=model,
        file=file,
        kinds=("error",),
        settings=settings,
        reference=reference,
        inputs=inputs,
        are_pictures=inputs is not None and settings.images is not None,
        n_samples=n_samples,
        mapping=mapping,
        limits=at_hand.limits,
    )


def _same(files: Sequence[FileSource], sha256: object, words: str, name: str) -> FileSource | None:
    """Return the file with that content; None where the run had none."""
    if not sha256:
        return None
    for one in sorted(files, key=lambda one: one.name != name):  # the likeliest first
        try:
            if one.sha256() == sha256:
                return one
        except OSError:  # gone meanwhile: another may be the same
            continue
    raise NotRunnable(WHAT, f"the {words} of this run ({quoted(name, 80)}): choose it above again")


def _settings(held: Mapping[str, Any]) -> LatencySettings:
    images = held.get("images")
    return LatencySettings(
        n_threads=int(held.get("n_threads", 1)),
        free_dimension=int(held.get("free_dimension", 1)),
        dims={str(name): int(size) for name, size in (held.get("dims") or {}).items()},
        images=Preprocessing.of(images) if images else None,
    )
