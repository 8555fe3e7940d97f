"""Correct pairs by hand, and keep or take over a mapping in Model Explorer's format."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard.comparison import MAPPING
from dashboard.notices import Notices
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.facts import STYLE, text_html
from graphs.errors import DamagedSource, OpscopeError
from graphs.match_mapping import MappingFault, from_mapping
from graphs.match_types import DEFAULT_OPTIONS, MatchOptions
from importers.base import make_probe
from importers.json_bytes import json_bytes, parse_json

MAX_MAPPING_BYTES = 64 << 20
FILE_NAME = "mapping.json"
_HELP = "Nodes of one graph and of the other become a pair, and all is matched anew around it."


def options_of(content: bytes, name: str) -> MatchOptions:
    """Return the options that a mapping asks for.

    Raises
    ------
    graphs.errors.ReadError
        The bytes are no mapping.
    """
    probe = make_probe(content, name)
    try:
        fixed, is_id_fallback = from_mapping(parse_json(probe, MAPPING))
    except MappingFault as error:
        raise DamagedSource(probe.name, str(error), format=MAPPING) from error
    return replace(DEFAULT_OPTIONS, fixed=fixed, is_id_fallback=is_id_fallback)


class CompareMapping:
    """Buttons that write to the comparison."""

    def __init__(self, choice: CompareChoice, notices: Notices) -> None:
        self.choice, self.notices = choice, notices
        comparing = choice.comparing
        self.apart = pmui.Switch(
            label="Select on each side alone", value=comparing.is_correcting, size="small",
            margin=(8, 12),
        )  # fmt: skip
        self.pair = _button("Pair selected nodes", "link", self._pair_asked)
        self.unpair = _button("No partner", "link_off", self._unpair_asked)
        self.undo = _button("Undo", "undo", lambda _event: comparing.undo_correction())
        self.count = pn.pane.HTML("", margin=(8, 12, 0, 12))
        self.save = pmui.FileDownload(
            callback=self._saved, filename=FILE_NAME, label="Save mapping", icon="download",
            size="small", auto=True, embed=False, margin=(8, 4, 4, 12),
        )  # fmt: skip
        self.save.variant = "text"  # as an argument it collides with Panel's own default
        self.load = pmui.FileInput(
            label="Load mapping", accept=".json,.gz", max_file_size=MAX_MAPPING_BYTES,
            max_total_file_size=MAX_MAPPING_BYTES, variant="outlined", size="small", width=170,
            margin=(8, 4),
        )  # fmt: skip
        self.view = pmui.Column(
            pn.pane.HTML(STYLE + text_html(_HELP, "facts-empty"), margin=(2, 12)),
            self.apart,
            pmui.Row(self.pair, self.unpair, self.undo, margin=(0, 4)),
            self.count,
            pmui.Row(self.save, self.load, margin=0),
            sizing_mode="stretch_width",
            margin=0,
        )
        self.apart.param.watch(self._switched, "value")
        self.load.param.watch(self._loaded, "value")
        comparing.param.watch(self._show, ["view", "others", "at", "is_correcting", "matched"])
        self._show()

    def _show(self, *_: Any) -> None:
        comparing = self.choice.comparing
        n = comparing.n_corrections
        said = f"{n:,} pair{'' if n == 1 else 's'} given by hand or by a mapping"
        self.count.object = STYLE + text_html(said, "facts-empty")
        self.undo.disabled = not comparing.can_undo
        self.pair.disabled = self.unpair.disabled = comparing.view is None
        self.save.disabled = self.load.disabled = comparing.view is None
        self.apart.value = comparing.is_correcting

    def _switched(self, event: Any) -> None:
        self.choice.comparing.is_correcting = event.new

    def _pair_asked(self, _event: Any) -> None:
        self.choice.comparing.pair_selection()

    def _unpair_asked(self, _event: Any) -> None:
        self.choice.comparing.unpair_selection()

    def _saved(self) -> io.BytesIO:
        self.save.data = None  # the page downloads only what differs from the last time
        return io.BytesIO(json_bytes(self.choice.comparing.mapping()))

    def _loaded(self, event: Any) -> None:
        if event.new is None:
            return
        name, content = str(self.load.filename), event.new
        self.load.clear()
        try:
            if len(content) > MAX_MAPPING_BYTES:
                limit = MAX_MAPPING_BYTES >> 20
                raise DamagedSource(name, f"a mapping has at most {limit} MB", format=MAPPING)
            options = options_of(content, name)
        except OpscopeError as error:
            self.notices.add(error)
            return
        self.choice.comparing.set_mapping(options)


def _button(label: str, icon: str, told: Any) -> pmui.Button:
    return pmui.Button(
        label=label, icon=icon, size="small", variant="outlined", margin=(4, 4), on_click=told
    )
