"""Model Explorer's mapping of two graphs: which nodes stand for each other when comparing.

The format is that of its `sync_navigation` data (google-ai-edge/model-explorer, "Sync
navigation" in its user guide)::

    {"type": "sync_navigation",
     "mapping": {"left id": "right id"},
     "mappingEntries": [{"leftNodeIds": [...], "rightNodeIds": [...]}],
     "disableMappingFallback": false}

`mappingEntries` supersedes `mapping`. An entry with an empty side says that the other side's
nodes have no partner; groups are passed over. Values in, values out: files are opened elsewhere.
Imports `graphs.match_types`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphs.match_types import FixedPair, Matching

MAX_ENTRIES = 1_000_000
MAX_IDS = 10_000  # of one side of one entry
_GROUP = "___group___"  # ends the id of a group in Model Explorer; groups follow from their nodes


class MappingFault(ValueError):
    """A value is no mapping; says where."""


def from_mapping(value: object) -> tuple[tuple[FixedPair, ...], bool]:
    """Return the pairs of a mapping, and whether equal ids may pair nodes besides.

    Raises
    ------
    MappingFault
        The value is not such a mapping.
    """
    if not isinstance(value, dict):
        raise MappingFault("a mapping is an object")
    if value.get("type", "sync_navigation") != "sync_navigation":
        raise MappingFault(f"its type is {str(value['type'])[:60]!r}, not 'sync_navigation'")
    if "mapping" not in value and "mappingEntries" not in value:
        raise MappingFault("it has neither 'mapping' nor 'mappingEntries'")
    entries = value.get("mappingEntries")
    pairs = _from_entries(entries) if entries is not None else _from_dict(value["mapping"])
    return tuple(pair for pair in pairs if pair.a or pair.b), not value.get(
        "disableMappingFallback", False
    )


def _from_dict(mapping: object) -> list[FixedPair]:
    if not isinstance(mapping, dict) or len(mapping) > MAX_ENTRIES:
        raise MappingFault(f"'mapping' is not an object of up to {MAX_ENTRIES:,} ids")
    pairs = [
        FixedPair(_ids([a], "mapping"), _ids([b], f"mapping[{str(a)[:60]!r}]"))
        for a, b in mapping.items()
    ]
    return [pair for pair in pairs if pair.a and pair.b]


def _from_entries(entries: object) -> list[FixedPair]:
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise MappingFault(f"'mappingEntries' is not a list of up to {MAX_ENTRIES:,} entries")
    found = []
    for at, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise MappingFault(f"mappingEntries[{at}] is not an object")
        sides = [
            _ids(entry.get(key), f"mappingEntries[{at}].{key}")
            for key in ("leftNodeIds", "rightNodeIds")
        ]
        named = [bool(entry[key]) for key in ("leftNodeIds", "rightNodeIds")]
        if [bool(side) for side in sides] == named:  # else it named groups on one side
            found.append(FixedPair(*sides))
    return found


def _ids(ids: object, where: str) -> tuple[str, ...]:
    is_list = isinstance(ids, list) and len(ids) <= MAX_IDS
    if not isinstance(ids, list) or not is_list or not all(isinstance(id, str) for id in ids):
        raise MappingFault(f"{where} is not a list of up to {MAX_IDS:,} ids")
    return tuple(dict.fromkeys(id for id in ids if not id.endswith(_GROUP)))


def corrected(fixed: Iterable[FixedPair], pair: FixedPair) -> tuple[FixedPair, ...]:
    """Return the pairs with one more; what it says of a node replaces what others said of it.

    The others keep their remaining nodes; one that lost all of a side goes.
    """
    mine, theirs = set(pair.a), set(pair.b)
    kept = []
    for one in fixed:
        left = FixedPair(
            tuple(id for id in one.a if id not in mine),
            tuple(id for id in one.b if id not in theirs),
        )
        is_whole = bool(left.a) == bool(one.a) and bool(left.b) == bool(one.b)
        if is_whole and (left.a or left.b):
            kept.append(left)
    return (*kept, pair)


def to_mapping(matching: Matching) -> dict[str, Any]:
    """Return the pairs of the first graphs as a mapping that Model Explorer reads.

    With them goes what a reader said to have no partner.
    """
    a, b = matching.a[0].id, matching.b[0].id
    return {
        "type": "sync_navigation",
        "mappingEntries": [
            {"leftNodeIds": list(pair.a), "rightNodeIds": list(pair.b)}
            for pair in matching.pairs
            if (pair.a_graph == a or not pair.a)
            and (pair.b_graph == b or not pair.b)
            and ((pair.a and pair.b) or pair.why == "given")
        ],
        "disableMappingFallback": True,
    }
