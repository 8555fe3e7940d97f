"""What a file looks like to a reader who asks why it did not open. Imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Looks:
    """What a content is.

    Attributes
    ----------
    phrase : str
        With its article, e.g. ``"an HTML page"``.
    needs : str
        What would have opened instead, as a sentence without its stop; may be empty.
    is_certain : bool
        True where no format of ours can be in it, so that none is asked which
        would have to guess.
    """

    phrase: str
    needs: str = ""
    is_certain: bool = False
