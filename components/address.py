"""AddressBar: writes a query into the browser's address without loading the page again.

Panel's own location pushes a history entry at every change, so that a hundred
clicks on a graph would take a hundred steps back; this replaces the entry.
"""

from __future__ import annotations

import param
from panel.custom import JSComponent


class AddressBar(JSComponent):
    """Invisible; keeps the page's query equal to `query`."""

    query = param.String(default="", doc="Query with its leading question mark, or empty.")

    _esm = """
    export function render({model}) {
      const write = () => {
        const url = window.location.pathname + model.query + window.location.hash
        window.history.replaceState(window.history.state, "", url)
      }
      model.on("query", write)
      if (model.query) write()
    }
    """
