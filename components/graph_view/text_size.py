"""Estimate how wide a label will be, so that the server can lay out boxes before any font is seen.

Advances are those of common UI fonts at 1 px; the browser cuts what is wider with an ellipsis.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

TITLE_PX = 12.5
DETAIL_PX = 10.5

# Advances in em of the semibold letters of Noto Sans, which is among the wider UI fonts: a box
# that is a little too wide costs nothing, one that is too narrow costs letters.
_EMS = {
    0.31: " ',.:;!ijl",
    0.42: "-JfIt()[]{}`_/\\",
    0.47: 'r"?',
    0.51: "zsc",
    0.58: "FSELvyxZ0123456789$+<=>^~*|eT",
    0.80: "GDUHOQN&",
    0.88: "w@%",
    0.97: "MWm—…",
}
_EM_OF = {char: em for em, chars in _EMS.items() for char in chars}
_OTHER_EM, _OTHER_SCRIPT_EM, _WIDE_EM = 0.65, 0.68, 1.0


@lru_cache(maxsize=65536)
def text_width(text: str, size_px: float = TITLE_PX) -> float:
    """Return the estimated width in px of one line of text; at most 256 characters count."""
    return size_px * sum(map(_em, text[:256]))


def _em(char: str) -> float:
    known = _EM_OF.get(char)
    if known is not None:
        return known
    if ord(char) < 0x300:
        return _OTHER_EM
    return _WIDE_EM if unicodedata.east_asian_width(char) in "WF" else _OTHER_SCRIPT_EM
