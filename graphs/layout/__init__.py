"""Layered layout of nested graphs. `lay_out(boxes, options)` is the whole interface."""

from graphs.layout.contract import Boxes, Layout, LayoutOptions

__all__ = ["Boxes", "Layout", "LayoutOptions"]
