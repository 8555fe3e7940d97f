"""The dialog that opens models and node data: server path, upload, sample; here or beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.comparing import Comparing
from dashboard.open_model import OpenModel
from dashboard.opening import SAMPLE_PREFIX, Opening
from dashboard.panes.facts import STYLE, text_html
from dashboard.session import Session

NODE_DATA_ENDINGS = ".json,.csv,.parquet"


class Opener:
    """A dialog; `show()` opens it, `show_beside()` to open a model beside the shown one.

    Parameters
    ----------
    opening : Opening
    comparing : Comparing
    focused : callable () -> Session
        The pane that the reader works in: node data are for its model.
    """

    def __init__(
        self, opening: Opening, comparing: Comparing, focused: Callable[[], Session]
    ) -> None:
        self.opening = opening
        self.comparing = comparing
        self._focused = focused
        self._is_beside = False
        self.path = _path_field()
        self.model_file = self._file_input("Upload a model", "", self._upload)
        self.data_file = self._file_input("Load node data", NODE_DATA_ENDINGS, self._load_node_data)
        self._data_heading = pn.pane.HTML("", margin=(10, 10, 0, 10))
        self.open_models = _column()
        self._beside_only = _column(_heading("A model that is open"), self.open_models)
        self._here_only = _column(
            self._data_heading,
            _words("Model Explorer JSON, or CSV or Parquet with a node column and one a measure."),
            self.data_file,
        )
        self.view = self._dialog()

    def _dialog(self) -> pmui.Dialog:
        open_path = pmui.Button(label="Open", icon="folder_open", on_click=self._open_path)
        return pmui.Dialog(
            pmui.Column(
                self._beside_only,
                _heading("A file or SavedModel folder on the server"),
                pmui.Row(self.path, open_path, sizing_mode="stretch_width"),
                _heading("A file from this computer"),
                self.model_file,
                _heading("A sample"),
                pmui.Column(*self._sample_buttons(), sizing_mode="stretch_width"),
                self._here_only,
                sizing_mode="stretch_width",
            ),
            title="Open",
            width_option="sm",
            full_screen=False,
            show_close_button=True,
            close_on_click=True,
        )

    def show(self, *_: Any) -> None:
        """Open the dialog, with the files that the server has now."""
        self._show(is_beside=False)

    def show_beside(self, *_: Any) -> None:
        """Open the dialog to choose what is compared with the shown model."""
        self._show(is_beside=True)

    def _show(self, *, is_beside: bool) -> None:
        self._is_beside = is_beside
        self.path.options = self.opening.server_files()
        self._beside_only.visible, self._here_only.visible = is_beside, not is_beside
        shown = self._focused().opened
        name = shown.model.name if shown is not None else "the shown model"
        self._data_heading.object = STYLE + text_html(f"Node data for {name}", "facts-name")
        if is_beside:
            self.open_models.objects = self._model_buttons()
        self.view.param.update(title="Compare with" if is_beside else "Open", open=True)

    def _model_buttons(self) -> list[pmui.Button]:
        """Return a button a model, those that are not shown first."""
        session = self.opening.session
        models = sorted(session.models, key=lambda one: one is session.opened)
        return [
            pmui.Button(
                label=one.model.name + (" (this one)" if one is session.opened else ""),
                description=one.model.format, icon="schema", variant="text", size="small",
                on_click=lambda _event, one=one: self._put_beside([one]),
            )
            for one in models
        ]  # fmt: skip

    def _put_beside(self, models: list[OpenModel]) -> None:
        self.view.open = False
        self.comparing.start(models[0])

    def _sample_buttons(self) -> list[pmui.Button]:
        return [
            pmui.Button(
                label=sample.title,
                description=sample.description,
                icon="schema",
                variant="text",
                size="small",
                on_click=lambda _event, name=sample.name: self._open_reference(
                    SAMPLE_PREFIX + name
                ),
            )
            for sample in self.opening.samples()
        ]

    def _open_path(self, _event: Any) -> None:
        text = self.path.value_input or self.path.value
        if text:
            self._open_reference(text)

    def _open_reference(self, text: str) -> None:
        if self.opening.open_reference(text, then=self._place):
            self.view.open = False

    @property
    def _place(self) -> Callable[[list[OpenModel]], None] | None:
        """What shows the opened models; None for the session's own pane."""
        return self._put_beside if self._is_beside else None

    def _load_node_data(self, name: str, content: bytes) -> None:
        self.opening.load_node_data(name, content, self._focused())

    def _upload(self, name: str, content: bytes) -> None:
        self.opening.open_upload(name, content, self._place)

    def _file_input(
        self, label: str, accept: str, use: Callable[[str, bytes], None]
    ) -> pmui.FileInput:
        limit = self.opening.arguments.max_upload_bytes
        widget = pmui.FileInput(
            label=label,
            accept=accept or None,
            max_file_size=limit,
            max_total_file_size=limit,
            variant="outlined",
        )

        def uploaded(event: Any) -> None:
            if event.new is None:
                return
            name, content = widget.filename, event.new
            widget.clear()  # the session keeps the graph, not a second copy of the file
            self.view.open = False
            use(str(name), content)

        widget.param.watch(uploaded, "value")
        return widget


def _path_field() -> pmui.AutocompleteInput:
    return pmui.AutocompleteInput(
        label="Path on the server",
        placeholder="model.onnx",
        options=[],
        restrict=False,
        min_characters=0,
        search_strategy="includes",
        case_sensitive=False,
        sizing_mode="stretch_width",
    )


def _column(*objects: Any) -> pmui.Column:
    return pmui.Column(*objects, sizing_mode="stretch_width", margin=0)


def _heading(text: str) -> pmui.Typography:
    return pmui.Typography(text, variant="subtitle2", margin=(10, 10, 0, 10))


def _words(text: str) -> pmui.Typography:
    return pmui.Typography(text, variant="body2", margin=(0, 10))
