"""The dialog that opens models and node data: server path, upload, sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboard.opening import SAMPLE_PREFIX, Opening

NODE_DATA_ENDINGS = ".json,.csv,.parquet"


class Opener:
    """A dialog; `show()` opens it."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.path = pmui.AutocompleteInput(
            label="Path on the server",
            placeholder="model.onnx",
            options=[],
            restrict=False,
            min_characters=0,
            search_strategy="includes",
            case_sensitive=False,
            sizing_mode="stretch_width",
        )
        open_path = pmui.Button(label="Open", icon="folder_open", on_click=self._open_path)
        self.model_file = self._file_input("Upload a model", "", opening.open_upload)
        self.data_file = self._file_input(
            "Load node data", NODE_DATA_ENDINGS, opening.load_node_data
        )
        self.view = pmui.Dialog(
            pmui.Column(
                _heading("A file or SavedModel folder on the server"),
                pmui.Row(self.path, open_path, sizing_mode="stretch_width"),
                _heading("A file from this computer"),
                self.model_file,
                _heading("A sample"),
                pmui.Column(*self._sample_buttons(), sizing_mode="stretch_width"),
                _heading("Node data for the shown model"),
                _words(
                    "Model Explorer JSON, or CSV or Parquet with a node column and one a measure."
                ),
                self.data_file,
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
        self.path.options = self.opening.server_files()
        self.view.open = True

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
        if self.opening.open_reference(text):
            self.view.open = False

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


def _heading(text: str) -> pmui.Typography:
    return pmui.Typography(text, variant="subtitle2", margin=(10, 10, 0, 10))


def _words(text: str) -> pmui.Typography:
    return pmui.Typography(text, variant="body2", margin=(0, 10))
