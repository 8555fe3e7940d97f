"""Layered layout of nested graphs. `lay_out(boxes, options)` is the whole interface."""

from graphs.layout.contract import Boxes, Layout, LayoutCancelled, LayoutOptions
from graphs.layout.pipeline import lay_out

__all__ = ["Boxes", "Layout", "LayoutCancelled", "LayoutOptions", "lay_out"]
