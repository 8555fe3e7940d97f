"""Notices: what went wrong or is worth knowing, said to the reader in the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import param

Severity = Literal["error", "warning", "info", "success"]

MAX_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; its text may quote a file and is shown as text, never as markup."""

    text: str
    severity: Severity = "error"


class Notices(param.Parameterized):
    """The notices of one session, newest last."""

    shown: list[Notice] = param.List(default=[], doc="At most `MAX_SHOWN`, newest last.")

    def add(self, what: object, severity: Severity = "error") -> None:
        """Show a notice; an equal one is not repeated."""
        notice = Notice(str(what), severity)
        others = [n for n in self.shown if n != notice]
        self.shown = [*others, notice][-MAX_SHOWN:]

    def close(self, notice: Notice) -> None:
        """Take a notice away."""
        self.shown = [n for n in self.shown if n != notice]

    def clear(self, *_: Any) -> None:
        """Take all notices away."""
        self.shown = []
