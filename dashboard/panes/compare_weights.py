"""How far the weights of paired constants are from each other: read when the reader asks for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui

from components.plots.columns import Rows
from components.plots.paired_table import PairTable, TableColumn
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_columns import names
from dashboard.panes.facts import STYLE, text_html
from dashboard.work import Progress, Work
from graphs.match_tensors import WeightDifference, weight_differences
from graphs.match_types import Matching

JOB = "weights"
ROWS_A_PAGE = 6
_WORDS = ("constants", "No constants hold numbers on both sides.")


class CompareWeights:
    """A button, and then what was found; another matching asks anew."""

    def __init__(self, choice: CompareChoice, work: Work) -> None:
        self.choice, self.work = choice, work
        self.found: list[WeightDifference] = []
        self._matching: Matching | None = None  # whose weights were found
        self._pair_of: dict[tuple[str, str], int] = {}
        self.start = pmui.Button(
            label="Compare weights", icon="balance", size="small", variant="outlined",
            margin=(12, 4, 4, 12), on_click=self._asked,
        )  # fmt: skip
        self.cancel = pmui.Button(
            label="Cancel", size="small", variant="text", margin=(12, 4), visible=False,
            on_click=self._cancel_asked,
        )  # fmt: skip
        self.tolerance = pmui.TextInput(
            label="Tolerance, share of the largest", value="0", size="small", width=210,
            margin=(8, 12, 4, 4),
        )  # fmt: skip
        self.text = pn.pane.HTML("", sizing_mode="stretch_width", margin=(2, 12))
        self.table = PairTable(
            self._picked, page_size=ROWS_A_PAGE, file_name="weights.csv", words=_WORDS
        )
        self.table.view.visible = False
        space = pn.Spacer(sizing_mode="stretch_width", height=1)
        self.view = pmui.Column(
            pmui.Row(self.start, self.cancel, space, self.tolerance, margin=0,
                     sizing_mode="stretch_width"),
            self.text,
            pmui.Column(self.table.view, sizing_mode="stretch_width", margin=(0, 8)),
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.tolerance.param.watch(lambda _event: self._say(), "value")
        choice.param.watch(self._forget, "columns")

    def _forget(self, *_: Any) -> None:
        self.work.stop(JOB)
        self.found, self._matching = [], None
        with pn.io.hold():
            self._rest()
            self._show()

    def _asked(self, _event: Any) -> None:
        columns = self.choice.columns
        if columns is None:
            return
        matching = columns.view.matching
        n = int(np.sum((columns.a.sorts == columns.b.sorts) & (columns.a.sorts == _CONSTANT)))

        def job(progress: Progress) -> list[WeightDifference]:
            found = []
            for entry in weight_differences(matching):
                if progress.cancelled():
                    break
                found.append(entry)
                progress.report(len(found) / max(n, 1))
            return found

        def done(found: list[WeightDifference]) -> None:
            self._rest()
            self._take(matching, found)

        self.start.disabled = self.cancel.visible = True
        self.work.start(JOB, "Comparing weights …", job, done, self._rest)

    def _cancel_asked(self, _event: Any) -> None:
        self.work.stop(JOB)
        self._rest()

    def _rest(self) -> None:
        self.start.disabled = self.cancel.visible = False

    def _take(self, matching: Matching, found: Sequence[WeightDifference]) -> None:
        """Keep what was found, the largest differences first."""
        self._matching = matching
        self.found = sorted(found, key=_distance, reverse=True)
        self._pair_of = {
            (pair.a_graph, pair.a[0]): at for at, pair in enumerate(matching.pairs) if pair.a
        }
        with pn.io.hold():
            self._show()

    def _show(self) -> None:
        found = self.found
        self.table.set_columns(
            [
                TableColumn("constant", names([f.a for f in found], [f.b for f in found]), 170),
                TableColumn("largest", np.array([f.largest for f in found], dtype=float), 86),
                TableColumn("relative", np.array([f.relative for f in found], dtype=float), 86),
                TableColumn("note", [_note(entry) for entry in found], 118),
            ]
        )
        self._say()

    def _say(self) -> None:
        """Count by the tolerance, and list what is beyond it."""
        tolerance = parsed_share(self.tolerance.value)
        self.tolerance.error_state = tolerance is None
        if tolerance is None or self._matching is None:
            self.text.object = ""
            self.table.view.visible = False
            return
        self.text.object = STYLE + text_html(weights_text(self.found, tolerance), "facts-empty")
        is_far = [not entry.not_compared and not entry.is_within(tolerance) for entry in self.found]
        self.table.set_filter_mask(is_far)
        self.table.view.visible = any(is_far)

    def _picked(self, rows: Rows) -> None:
        entries = [self.found[row] for row in rows.tolist()]
        pairs = [self._pair_of[entry.a_graph, entry.a] for entry in entries]
        self.choice.pick(np.array(pairs, dtype=np.int64))


_CONSTANT = 3  # in `compare_columns.NODES`


def weights_text(found: Sequence[WeightDifference], tolerance: float) -> str:
    """Return how many weights are the same, near, far and not compared."""
    compared = [entry for entry in found if not entry.not_compared]
    n_same = sum(entry.is_equal for entry in compared)
    n_far = sum(not entry.is_within(tolerance) for entry in compared)
    said = [f"{n_same:,} the same"]
    if tolerance:
        said.append(f"{len(compared) - n_same - n_far:,} within {tolerance:g}")
    said.append(f"{n_far:,} differ")
    reasons = Counter(entry.not_compared for entry in found if entry.not_compared)
    said += [f"{n:,} not compared: {reason}" for reason, n in reasons.most_common()]
    return ", ".join(said)


def parsed_share(text: str) -> float | None:
    """Return a tolerance as a share; None where it is no number of at least 0."""
    try:
        share = float((text or "0").strip().replace(",", "."))
    except ValueError:
        return None
    return share if math.isfinite(share) and share >= 0 else None


def _distance(entry: WeightDifference) -> tuple[bool, float]:
    return not entry.not_compared, entry.relative if not entry.not_compared else 0.0


def _note(entry: WeightDifference) -> str:
    if entry.not_compared:
        return f"not compared: {entry.not_compared}"
    axes = f", axes {' '.join(map(str, entry.axes))}" if entry.axes else ""
    return f"{entry.n_elements:,} numbers{axes}"
