"""The part of the measure form that says what the model is fed with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.arguments import Arguments
from dashboard.panes.facts import STYLE, text_html
from dashboard.panes.measure_files import FileChoice
from dashboard.run_files import FileSource
from dashboard.run_inputs import free_dimensions, input_words
from graphs.errors import NotRunnable
from graphs.ir import Graph
from measures.images import ENDINGS, Preprocessing
from measures.quantization import N_RANDOM_SAMPLES
from measures.samples import SEED

RANDOM, ARRAYS, PICTURES = "random", "arrays", "pictures"
CHOICES = {"Random data": RANDOM, "Arrays (.npz, .npy)": ARRAYS, "Folder of pictures": PICTURES}
MAX_ASKED = 12
MAX_SAMPLES, MAX_BATCH, MAX_SIZE = 1000, 4096, 1 << 30
WORDS = {
    RANDOM: f"Seeded random data (seed {SEED}) within the range that each input declares: times "
    "hold, errors are not those of real inputs.",
    ARRAYS: "One array an input, by name, samples along the first axis; for errors real numbers.",
    PICTURES: "Each picture is resized to the input, then (pixel − mean) / std, pixels 0 to 255.",
}


class InputsForm:
    """Random data, a file of arrays or a folder of pictures; sizes of free dimensions."""

    def __init__(self, arguments: Arguments, n_held: Callable[[], int]) -> None:
        self._dims: dict[str, pmui.IntInput] = {}
        self.choice = select("Inputs", CHOICES, RANDOM)
        self.samples = number("Samples for error", N_RANDOM_SAMPLES, 1, MAX_SAMPLES)
        self.arrays = FileChoice("Arrays", (".npz", ".npy"), arguments, n_held=n_held)
        self.pictures = FileChoice(
            "Pictures", sorted(ENDINGS), arguments, is_folder=True, n_held=n_held
        )
        self.color = select("Channels", {"RGB": "RGB", "BGR": "BGR", "grey": "L"}, "RGB")
        self.mean, self.std = _text("Mean", "0"), _text("Std", "255")
        self.batch = number("Samples a run", 1, 1, MAX_BATCH)
        self.told = pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 16, 4, 16))
        self.dimensions = pmui.Row(
            margin=0, visible=False, sizing_mode="stretch_width", sx={"flexWrap": "wrap"}
        )
        self._how = row(self.color, self.mean, self.std)
        self.view = pmui.Column(
            row(self.choice, self.samples, self.batch),
            self.arrays.view,
            self.pictures.view,
            self._how,
            self.told,
            self.dimensions,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._words = ""
        self._has = {"has_error": False, "has_batch": False}
        self.choice.param.watch(lambda _event: self.arrange(**self._has), "value")

    def follow(self, graph: Graph) -> None:
        """Ask for the sizes that this graph leaves open."""
        names = free_dimensions(graph)
        self._dims = {name: number(name, 1, 1, MAX_SIZE) for name in names[:MAX_ASKED]}
        for widget in self._dims.values():
            widget.param.update(width=150, sizing_mode=None)
        self.dimensions.objects = list(self._dims.values())
        self._words = f" Inputs: {input_words(graph)}."
        if len(names) > MAX_ASKED:
            self._words += f" {len(names) - MAX_ASKED} more free dimensions are taken as 1."

    def arrange(self, *, has_error: bool, has_batch: bool) -> None:
        """Show only what the choice asks for."""
        self._has = {"has_error": has_error, "has_batch": has_batch}
        kind = self.choice.value
        self.samples.visible = kind == RANDOM and has_error
        self.batch.visible = kind != RANDOM and has_batch
        self.arrays.show(is_visible=kind == ARRAYS)
        self.pictures.show(is_visible=kind == PICTURES)
        self._how.visible = kind == PICTURES
        self.dimensions.visible = kind == RANDOM and bool(self._dims)
        self.told.object = STYLE + text_html(WORDS[kind] + self._words, "facts-empty")

    def source(self) -> tuple[FileSource | None, bool]:
        """Return what was chosen, None for random data, and whether it is pictures.

        Raises
        ------
        OpscopeError
            There is no such file, or none was chosen.
        """
        kind = self.choice.value
        if kind == RANDOM:
            return None, False
        found = (self.arrays if kind == ARRAYS else self.pictures).source()
        if found is None:
            needs = "a file of arrays" if kind == ARRAYS else "a folder of pictures"
            raise NotRunnable("the model", f"{needs}: choose one, or random data")
        return found, kind == PICTURES

    def dims(self) -> Mapping[str, int]:
        """Return the sizes that are not 1, which is what a free dimension is taken as."""
        if self.choice.value != RANDOM:
            return {}
        sizes = {name: value_of(widget, MAX_SIZE) for name, widget in self._dims.items()}
        return {name: size for name, size in sizes.items() if size != 1}

    def n_samples(self) -> int:
        """Return how many random samples errors are taken over."""
        return value_of(self.samples, MAX_SAMPLES)

    def n_batch(self) -> int:
        """Return how many samples of a file make one timed run."""
        return value_of(self.batch, MAX_BATCH)

    def n_held(self) -> int:
        """Return the bytes that were uploaded."""
        return self.arrays.n_held + self.pictures.n_held

    def preprocessing(self) -> Preprocessing | None:
        """Return what becomes of pictures; None for other inputs.

        Raises
        ------
        NotRunnable
            Mean or std are no numbers.
        """
        if self.choice.value != PICTURES:
            return None
        return Preprocessing(self.color.value, _numbers(self.mean), _numbers(self.std))


def row(*widgets: Any) -> pmui.Row:
    """Return widgets beside each other, as wide as the pane."""
    return pmui.Row(*widgets, sizing_mode="stretch_width", margin=0, sx={"flexWrap": "nowrap"})


def number(label: str, value: int, start: int, end: int) -> pmui.IntInput:
    """Return a field for a whole number."""
    return pmui.IntInput(
        label=label, value=value, start=start, end=end, size="small",
        sizing_mode="stretch_width", margin=(8, 6, 4, 12),
    )  # fmt: skip


def value_of(widget: pmui.IntInput, most: int, least: int = 1) -> int:
    """Return the number in a field, the least one where the reader has emptied it.

    The bounds that the field shows are the browser's to keep, and a browser can be made to
    send anything: these are ours.
    """
    return min(most, max(least, least if widget.value is None else int(widget.value)))


def select(label: str, options: Mapping[str, Any], value: Any = None) -> pmui.Select:
    """Return a list to choose one from."""
    return pmui.Select(
        label=label, options=dict(options), value=value, size="small", searchable=False,
        sizing_mode="stretch_width", margin=(8, 6, 4, 12),
    )  # fmt: skip


def _text(label: str, value: str) -> pmui.TextInput:
    return pmui.TextInput(
        label=label, value=value, size="small", sizing_mode="stretch_width", margin=(8, 6, 4, 12)
    )


def _numbers(widget: pmui.TextInput) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (widget.value_input or widget.value).split(","))
    except ValueError:
        raise NotRunnable("the model", f"{widget.label} as N or N, N, N") from None
