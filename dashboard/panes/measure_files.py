"""A field for a file: a path on the server, or an upload from the reader's computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from components.plots.ticks import format_value
from dashboard.arguments import Arguments
from dashboard.panes.facts import STYLE, text_html
from dashboard.roots import list_files, resolve, resolve_folder
from dashboard.run_files import FileSource
from graphs.errors import ReadError


class FileChoice:
    """A path field with a button that uploads; what was uploaded last counts until a path is typed.

    Parameters
    ----------
    label : str
    endings : sequence of str
        Of the files that are offered and accepted.
    arguments : Arguments
        Which paths may be read, and how much may be uploaded.
    is_folder : bool
        The path is a folder, and several files may be uploaded in its place.
    n_held : callable () -> int
        Bytes of uploads that the session holds already, this field's among them.
    """

    def __init__(
        self,
        label: str,
        endings: Sequence[str],
        arguments: Arguments,
        *,
        is_folder: bool = False,
        n_held: Callable[[], int],
    ) -> None:
        self._arguments, self._endings = arguments, tuple(endings)
        self._is_folder, self._held = is_folder, n_held
        self._sent: FileSource | None = None
        self.path = _path_field(label, is_folder=is_folder)
        limit = arguments.max_upload_bytes
        self.upload = pmui.FileInput(
            label="Upload", accept=",".join(self._endings), multiple=is_folder,
            max_file_size=limit, max_total_file_size=limit, variant="outlined", size="small",
            width=112, margin=(10, 12, 4, 4),
        )  # fmt: skip
        self.told = pn.pane.HTML("", visible=False, sizing_mode="stretch_width", margin=(0, 16))
        fields = pmui.Row(self.path, self.upload, sizing_mode="stretch_width", margin=0,
                          sx={"flexWrap": "nowrap"})  # fmt: skip
        self.view = pmui.Column(
            fields, self.told, sizing_mode="stretch_width", margin=0, visible=False
        )
        self.upload.param.watch(self._uploaded, "value")
        self.path.param.watch(self._typed, "value_input")

    def show(self, *, is_visible: bool) -> None:
        """Show or hide the field; what comes into sight offers the files that there are now."""
        if is_visible and not self.view.visible and not self._is_folder:
            self.path.options = list_files(self._arguments.roots, self._endings)
        self.view.visible = is_visible

    def source(self) -> FileSource | None:
        """Return what was chosen; None for nothing.

        Raises
        ------
        ReadError
            The path does not exist within the server's roots.
        """
        if self._sent is not None:
            return self._sent
        text = (self.path.value_input or self.path.value or "").strip()
        if not text:
            return None
        roots, given = self._arguments.roots, self._arguments.models
        found = resolve_folder(text, roots) if self._is_folder else resolve(text, roots, given)
        return FileSource(found.name, found)

    @property
    def n_held(self) -> int:
        """Bytes that were uploaded to this field."""
        return self._sent.n_bytes() if self._sent is not None else 0

    def clear(self) -> None:
        """Let go of what was uploaded."""
        self._sent = None
        self.told.param.update(object="", visible=False)

    def _typed(self, event: Any) -> None:
        if event.new:
            self.clear()

    def _uploaded(self, event: Any) -> None:
        if event.new is None:
            return
        names, contents = self.upload.filename, event.new
        self.upload.clear()
        if not isinstance(contents, list):
            names, contents = [names], [contents]
        files = tuple(zip(map(str, names), contents, strict=True))
        n_bytes = sum(map(len, contents))
        if n_bytes + self._held() - self.n_held > self._arguments.max_upload_bytes:
            limit = self._arguments.max_upload_bytes >> 20
            self._tell(str(ReadError(files[0][0], f"a session may hold {limit} MB of uploads")))
            return
        name = f"{len(files)} files" if len(files) > 1 else files[0][0]
        self._sent = FileSource(name, None, files)
        self.path.param.update(value="", value_input="")
        self._tell(f"Uploaded: {name}, {format_value(float(n_bytes), 'bytes')}")

    def _tell(self, text: str) -> None:
        self.told.param.update(object=STYLE + text_html(text, "facts-empty"), visible=True)


def _path_field(label: str, *, is_folder: bool) -> pmui.AutocompleteInput:
    return pmui.AutocompleteInput(
        label=label,
        placeholder="folder on the server" if is_folder else "path on the server",
        options=[],
        restrict=False,
        min_characters=0,
        search_strategy="includes",
        case_sensitive=False,
        size="small",
        sizing_mode="stretch_width",
        margin=(8, 4, 4, 12),
    )
