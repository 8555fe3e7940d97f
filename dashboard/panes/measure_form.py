"""The form of the measure pane: what is measured, against what, on which inputs, how often."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard.arguments import Arguments
from dashboard.open_model import OpenModel
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_files import FileChoice
from dashboard.panes.measure_inputs import InputsForm, number, row, select, value_of
from dashboard.run_again import AtHand
from dashboard.run_files import FileSource
from dashboard.run_request import Kind, Request, is_runnable
from dashboard.session import Session
from graphs.errors import NotRunnable, OpscopeError
from graphs.ir import Graph
from measures.latency import RUNTIMES, LatencySettings
from measures.runners.worker import Limits

OTHER_FILE = "another file …"
OTHER = "file"
OPTIMIZATIONS = {"off: every node alone": "off", "basic": "basic", "extended": "extended",
                 "all": "all"}  # fmt: skip
PROVIDERS = {"CPU": (), "CUDA": ("CUDAExecutionProvider",),
             "TensorRT": ("TensorrtExecutionProvider",), "CoreML": ("CoreMLExecutionProvider",),
             "DirectML": ("DmlExecutionProvider",),
             "OpenVINO": ("OpenVINOExecutionProvider",)}  # fmt: skip
CODES = frozenset({"int4", "uint4", "int8", "uint8", "int16", "uint16"})
SECONDS, MEMORY_MB, REPEATS, WARM_UP = 300, 8192, 100, 5  # where the server allows as much
MIN_MEMORY_MB, MAX_WARM_UP = 256, 1000


class MeasureForm:
    """The settings of a measurement; `request` returns them."""

    def __init__(self, session: Session, arguments: Arguments) -> None:
        self.session = session
        self._caps = caps = arguments.caps
        self._n_cores = os.cpu_count() or 1
        self._format = ""
        self.latency = _check("Latency", value=True)
        self.error = _check("Quantization error")
        self.reference = select("Float model", {OTHER_FILE: OTHER}, OTHER)
        endings = (".onnx", ".tflite", ".lite", ".pt2")
        self.reference_file = FileChoice(
            "Float model's file", endings, arguments, n_held=self._held
        )
        self.inputs = InputsForm(arguments, self._held)
        self.threads = number("Threads", 1, 1, self._n_cores)
        self.warm_up = number("Warm-up", WARM_UP, 0, MAX_WARM_UP)
        self.repeats = number("Repeats", min(REPEATS, caps.repeats), 1, caps.repeats)
        self.optimization = select("Graph optimization", OPTIMIZATIONS, "off")
        self.provider = select("Run on", PROVIDERS, ())
        most_mb = caps.memory_bytes >> 20
        self.seconds = number("Time limit (s)", min(SECONDS, caps.seconds), 1, caps.seconds)
        self.memory = number("Memory limit (MB)", min(MEMORY_MB, most_mb), MIN_MEMORY_MB, most_mb)
        self.mapping = FileChoice(
            "Pairs of nodes (.json)", (".json",), arguments, n_held=self._held
        )
        self.view = self._built()
        for widget in (self.latency, self.error, self.reference):
            widget.param.watch(self._arrange, "value")

    def _built(self) -> pmui.Column:
        self._of_reference = pmui.Column(
            self.reference, self.reference_file.view, sizing_mode="stretch_width", margin=0
        )
        self._of_latency = row(self.threads, self.warm_up, self.repeats)
        self._of_onnx = row(self.optimization, self.provider)
        words = "Where names differ: what “Pairs” below or `opscope compare` wrote, corrected."
        self._of_mapping = pmui.Column(
            self.mapping.view, _words(words), sizing_mode="stretch_width", margin=0
        )
        more = pmui.Column(
            row(self.seconds, self.memory), self._of_mapping, sizing_mode="stretch_width"
        )
        self.more = pmui.Accordion(
            ("Limits and pairing", more), active=[], margin=(4, 10), sizing_mode="stretch_width",
            disable_gutters=True, elevation=0, title_variant="body2",
        )  # fmt: skip
        return pmui.Column(
            pmui.Row(self.latency, self.error, margin=(6, 12, 0, 12)),
            self._of_reference,
            self.inputs.view,
            self._of_latency,
            self._of_onnx,
            self.more,
            sizing_mode="stretch_width",
            margin=0,
        )

    def follow(self, opened: OpenModel) -> None:
        """Ask for what this model needs, and offer the open models that may be its float twin."""
        self._format = opened.model.format
        graph = opened.model.graphs[0]
        others = [
            one for one in self.session.models
            if one is not opened and one.file and one.model.format == self._format
        ]  # fmt: skip
        twin = next((one for one in others if may_be_twin(graph, one.model.graphs[0])), None)
        names = {one.model.name: one for one in others}
        self.reference.param.update(options={**names, OTHER_FILE: OTHER}, value=twin or OTHER)
        self.error.value = twin is not None
        self.reference_file.clear()
        self.inputs.follow(graph)
        self._arrange()

    def ask(self, kind: Kind, reference: OpenModel | None) -> None:
        """Choose one kind, and the float model where there is one."""
        self.latency.value, self.error.value = kind == "latency", kind == "error"
        if reference is not None:
            self.reference.value = reference

    def request(self, opened: OpenModel) -> Request:
        """Return what the reader asks for.

        Raises
        ------
        OpscopeError
            A file is missing or not allowed, or a setting makes no sense.
        """
        chosen: tuple[tuple[Kind, Any], ...] = (("latency", self.latency), ("error", self.error))
        kinds = tuple(kind for kind, box in chosen if box.value)
        if not kinds or opened.file is None:
            raise NotRunnable("the model", "something to measure: latency, or quantization error")
        inputs, is_pictures = self.inputs.source()
        return Request(
            model=opened.model,
            file=opened.file,
            kinds=kinds,
            settings=self._settings(),
            reference=self._reference() if self.error.value else None,
            inputs=inputs,
            are_pictures=is_pictures,
            n_samples=self.inputs.n_samples(),
            mapping=self.mapping.source() if self.error.value else None,
            limits=self._limits(),
        )

    def at_hand(self) -> AtHand:
        """Return the files that a kept run may have been taken with: chosen here, or open."""
        chosen: list[list[FileSource]] = []
        for field in (self.reference_file, self.inputs.arrays, self.inputs.pictures, self.mapping):
            found = None
            with contextlib.suppress(OpscopeError):  # there is no such file now
                found = field.source()
            chosen.append([found] if found is not None else [])
        open_files = [one.file for one in self.session.models if one.file is not None]
        references, arrays, pictures, mappings = chosen
        return AtHand([*references, *open_files], [*arrays, *pictures], mappings, self._limits())

    def _limits(self) -> Limits:
        caps = self._caps
        memory_mb = value_of(self.memory, caps.memory_bytes >> 20, MIN_MEMORY_MB)
        return Limits(float(value_of(self.seconds, caps.seconds)), memory_mb << 20)

    def _settings(self) -> LatencySettings:
        is_onnx = self._format == "ONNX"
        return LatencySettings(
            n_repeats=value_of(self.repeats, self._caps.repeats),
            n_warmup=value_of(self.warm_up, MAX_WARM_UP, 0),
            n_threads=value_of(self.threads, self._n_cores),
            dims=self.inputs.dims(),
            batch=self.inputs.n_batch(),
            optimization=self.optimization.value if is_onnx else "off",
            providers=self.provider.value if is_onnx else (),
            images=self.inputs.preprocessing(),
        )

    def _reference(self) -> FileSource:
        opened = self.reference.value
        found = self.reference_file.source() if opened == OTHER else opened.file
        if found is None:
            raise NotRunnable("quantization error", "the float model: choose one")
        return found

    def _held(self) -> int:
        """Return the bytes of all uploads that the session holds."""
        models = sum(one.n_uploaded_bytes for one in self.session.models)
        files = self.reference_file.n_held + self.mapping.n_held
        return models + files + self.inputs.n_held()

    def _arrange(self, *_: Any) -> None:
        """Show only what the choices so far ask for."""
        self._of_reference.visible = self._of_mapping.visible = self.error.value
        self.reference_file.show(is_visible=self.error.value and self.reference.value == OTHER)
        self.mapping.show(is_visible=self.error.value)
        self._of_latency.visible = self.latency.value or self.error.value
        self.warm_up.visible = self.repeats.visible = self.latency.value
        self._of_onnx.visible = self._format == "ONNX" and self.latency.value
        self.inputs.arrange(has_error=self.error.value, has_batch=self._format == "ONNX")


def why_not(opened: OpenModel | None) -> str:
    """Return why a model cannot be run here; empty where it can."""
    if opened is None:
        return "No model is open."
    known = ", ".join(RUNTIMES)
    if not is_runnable(opened.model.format):
        return (
            f"A {opened.model.format} file cannot be run here: it holds a graph, but no runtime of "
            f"Opscope takes it. These can be measured: {known}. What a profiler wrote elsewhere "
            "can be loaded: Open, Node data."
        )
    return "" if opened.file is not None else "The model was given as an object, not as a file."


def may_be_twin(quantized: Graph, other: Graph) -> bool:
    """Guess whether one graph is the quantized form of the other: half of its tensors' names."""
    if not has_codes(quantized) or has_codes(other):
        return False
    names, others = ({n for n in g.value_names if n} for g in (quantized, other))
    return len(names & others) * 2 >= max(1, min(len(names), len(others)))


def has_codes(graph: Graph) -> bool:
    """Return whether a graph computes with small integers, as quantized ones do."""
    rows = np.unique(graph.value_type)
    return any(graph.types[i].dtype in CODES for i in rows[rows >= 0].tolist())


def _check(label: str, *, value: bool = False) -> pmui.Checkbox:
    return pmui.Checkbox(label=label, value=value, size="small", margin=(0, 8, 0, 0))


def _words(text: str) -> pn.pane.HTML:
    return pn.pane.HTML(
        STYLE + text_html(text, "facts-empty"), sizing_mode="stretch_width", margin=(0, 16)
    )
