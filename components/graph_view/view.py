"""GraphView: the WebGL graph as a Panel component.

Python owns what is drawn; the browser owns camera, hover and animation and
reports only what a pane needs. Knows scenes and keys, never models: it must not
import `importers`, `measures` or `dashboard`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import param
from numpy.typing import NDArray
from panel.custom import JSComponent

from components.graph_view.messages import FIELDS, RefusedMessage, checked
from components.graph_view.scene import NO_STRIPS, Legend, Scene, Strips
from components.graph_view.wire import pack_overlay, pack_scene, pack_state, pack_twins

logger = logging.getLogger(__name__)

BUNDLE = Path(__file__).parent / "dist" / "graph_view.js"
MAX_TOOLTIP_ROWS = 24
MAX_TOOLTIP_CHARS = 400

Message = dict[str, Any]
Callback = Callable[[Message], None]


class GraphView(JSComponent):
    """Draws a `Scene` and reports what the reader does with it.

    Browser messages (`docs/wire_format.md`) reach the callbacks that
    `on_message` registered, after their fields were checked.
    """

    scene = param.Bytes(default=b"", doc="The packed scene; set by `show`.")
    dark = param.Boolean(default=False, doc="Dark colours, bound to the page's theme.")
    embed = param.Boolean(default=False, doc="Hide the toolbar; the legend stays.")
    flat = param.Boolean(default=False, doc="State of the toolbar's switch: no groups.")
    show_constants = param.Boolean(default=False, doc="State of the toolbar's switch: constants.")
    direction = param.Selector(
        default="down", objects=["down", "right"], doc="State of the toolbar's switch: edges point."
    )

    sync_group = param.String(
        default="", doc="Views of one page with the same name, if any, move together."
    )
    sync_base = param.Boolean(
        default=False, doc="Whether the others of the group name their twins in this view."
    )
    comparing = param.Boolean(
        default=False, doc="Whether the keys for the next and previous difference work."
    )
    waiting = param.String(default="", doc="What the reader waits for; set by `busy`.")

    _bundle: ClassVar[Path] = BUNDLE
    _esm: ClassVar[Path] = BUNDLE

    def __init__(self, **params: Any) -> None:
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)
        self._serial = 0
        self._overlay: bytes | None = None
        self._state: bytes | None = None
        self._twins: bytes | None = None
        self._camera: Message | None = None
        self._is_ready = False
        super().__init__(**params)

    def on_message(self, type: str, callback: Callback) -> None:
        """Call `callback` with the fields of each browser message of `type`.

        Raises
        ------
        ValueError
            If no message has that type.
        """
        if type not in FIELDS:
            raise ValueError(f"No browser message {type!r}; there are {', '.join(FIELDS)}")
        self._callbacks[type].append(callback)

    def show(self, scene: Scene) -> None:
        """Draw `scene`; items that stay move from their old places.

        Raises
        ------
        WireError
            If its columns do not fit each other.
        """
        block = pack_scene(scene, serial=self._serial + 1)
        self._serial += 1
        self._overlay = self._state = None
        self.scene = block

    def set_overlay(
        self,
        item_color: NDArray[np.uint8],
        item_detail: NDArray[np.uint32],
        strings: Sequence[str],
        legend: Legend | None,
        strips: Strips = NO_STRIPS,
    ) -> None:
        """Give the items of the shown scene other colours and second lines.

        Parameters
        ----------
        item_color : uint8 array, shape (n, 4)
            Alpha 0 where the theme's colour is used.
        item_detail : uint32 array, shape (n,)
            Index into `strings`, whose first is empty.
        strings : sequence of str
        legend : Legend or None
        strips : Strips
            Shares of categories, drawn on groups.

        Raises
        ------
        WireError
            If a column has another shape or an index is out of range.
        """
        self._overlay = pack_overlay(
            item_color, item_detail, strings, legend, strips, serial=self._serial
        )
        self._send_msg(self._overlay)

    def set_state(self, item_selected: NDArray[np.uint8], item_excluded: NDArray[np.uint8]) -> None:
        """Mark items of the shown scene as selected and as excluded.

        Parameters
        ----------
        item_selected, item_excluded : uint8 array, shape (n,)
            0..255: share of the item's nodes.

        Raises
        ------
        WireError
            If a column has another shape.
        """
        self._state = pack_state(item_selected, item_excluded, serial=self._serial)
        self._send_msg(self._state)

    def set_twins(self, keys: NDArray[np.uint32], base_keys: NDArray[np.uint32]) -> None:
        """Say which items stand for which items of the base of the group, until the next call.

        Without any, views that move together go by their place in the whole drawing.

        Parameters
        ----------
        keys, base_keys : uint32 array, shape (p,)
            Keys of items of this view and of the base, one row a pair, whether they
            are drawn at the moment or not.

        Raises
        ------
        WireError
            If a column has another dtype or length.
        """
        self._twins = pack_twins(keys, base_keys)
        self._send_msg(self._twins)

    def fit(self, *, animate: bool = True) -> None:
        """Show the whole drawing."""
        self._move_camera({"action": "fit", "animate": animate})

    def zoom_to(self, keys: Iterable[int], *, animate: bool = True) -> None:
        """Show the items with `keys`, as large as is comfortable to read."""
        wanted = [int(key) for key in keys]
        self._move_camera({"action": "zoom_to", "keys": wanted, "animate": animate})

    def restore_camera(self, x: float, y: float, zoom: float, *, animate: bool = False) -> None:
        """Put the world point (x, y) in the centre, at `zoom` CSS px a world unit."""
        camera = {"x": float(x), "y": float(y), "zoom": float(zoom)}
        self._move_camera({"action": "restore", **camera, "animate": animate})

    def tooltip(self, key: int, title: str, rows: Iterable[tuple[str, str]]) -> None:
        """Answer a `hover`: plain text beside the item with `key`."""
        shown = [
            [name[:MAX_TOOLTIP_CHARS], text[:MAX_TOOLTIP_CHARS]]
            for name, text in list(rows)[:MAX_TOOLTIP_ROWS]
        ]
        message = {"key": int(key), "title": title[:MAX_TOOLTIP_CHARS], "rows": shown}
        self._send_msg({"type": "tooltip", **message})

    def save_png(self, scale: int = 1) -> None:
        """Let the browser download a picture of the drawing, `scale` times the screen's pixels."""
        self._send_msg({"type": "png", "scale": int(scale)})

    def busy(self, text: str) -> None:
        """Show a progress line with `text` and a cancel button; hide it with the empty text."""
        self.waiting = text[:MAX_TOOLTIP_CHARS]

    def _move_camera(self, command: Message) -> None:
        message = {"type": "camera", "serial": self._serial, **command}
        if not self._is_ready:
            self._camera = message
        self._send_msg(message)

    def _handle_msg(self, data: Any) -> None:
        try:
            kind, fields = checked(data)
        except RefusedMessage as error:
            logger.warning("Refused a message from the browser: %s", error)
            return
        if kind == "ready":
            self._send_newest()
        for callback in tuple(self._callbacks[kind]):
            callback(dict(fields))

    def _send_newest(self) -> None:
        """Send what was set before the browser could hear it."""
        self._is_ready = True
        for block in (self._overlay, self._state, self._twins):
            if block is not None:
                self._send_msg(block)
        if self._camera is not None:
            self._send_msg(self._camera)
            self._camera = None
