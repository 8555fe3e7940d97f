"""Every error that Opscope raises on purpose, in one tree.

OpscopeError
|- GraphError             an invariant is broken             .problems
|- LayoutError            a stage broke its promise          .stage
|- ReadError              no graph from this source          .source .format
|  |- UnknownFormat       nobody accepted it                 .tried .looks_like .needs
|  |- UnknownObject       an object that no reader accepts    .kind .accepted
|  |- MissingFramework    an extra is not installed          .extra
|  |- DamagedSource       cut or corrupt                     .offset .reason
|  `- UnsupportedFeature  valid, not representable           .feature
|- QueryError             a search that cannot be understood .query .reason
|- UnknownName            a graph or group that is not there .kind .name .near
|- NodeDataError          no node data from this source      .source .reason
|- MeasureError           a measure failed                   .measure .node
|  `- NotRunnable         no runner or no inputs             .needs
`- WireError              Python and browser differ          .expected .got

Facts are attributes; `str()` is built from them and says what failed, the
offending value and what to do. Raise once, chain with `from`, catch in one
place (`dashboard/opening.py` for the page, `dashboard/cli.py` for the shell).
This module imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence

MAX_QUOTED_CHARS = 200  # what a file says about itself may be megabytes long


def quoted(text: object, limit: int = MAX_QUOTED_CHARS) -> str:
    """Return `text` on one line, cut at `limit` characters, without escapes for a terminal."""
    flat = " ".join(str(text).split())
    if not flat.isprintable():
        flat = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


class OpscopeError(Exception):
    """Base of every error that Opscope raises on purpose."""


class GraphError(OpscopeError):
    """A graph breaks its invariants (`docs/invariants.md`).

    Attributes
    ----------
    problems : tuple of str
        One sentence for each broken invariant, at most 20.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)[:20]
        super().__init__("The graph is inconsistent: " + "; ".join(map(quoted, self.problems)))


class LayoutError(OpscopeError):
    """A layout stage broke its promise.

    Attributes
    ----------
    stage : str
        The stage, e.g. ``"ranking"``.
    reason : str
        What does not hold.
    """

    def __init__(self, stage: str, reason: str) -> None:
        self.stage = stage
        self.reason = reason
        super().__init__(f"Layout failed in {stage}: {quoted(reason)}")


class ReadError(OpscopeError):
    """No graph could be read from a source.

    Attributes
    ----------
    source : str
        Name of the file or object, as the user gave it.
    format : str
        Format that was being read, or ``""``.
    reason : str
        What is wrong, in one sentence.
    """

    max_reason_chars = MAX_QUOTED_CHARS

    def __init__(self, source: str, reason: str, *, format: str = "") -> None:
        self.source = str(source)
        self.format = format
        self.reason = reason
        said = quoted(reason, self.max_reason_chars)
        super().__init__(f"Cannot read {quoted(self.source)}: {said}")


class UnknownFormat(ReadError):
    """No importer accepted the source.

    Attributes
    ----------
    tried : tuple of str
        Formats that looked and declined.
    looks_like : str
        What the content looks like, e.g. ``"an HTML page"``.
    needs : str
        What would have opened instead; empty where nobody can say.
    failures : tuple of str
        Importer plugins that could not be asked, with the reason.
    """

    max_reason_chars = 2000  # the formats are ours, and what the file says is quoted already

    def __init__(
        self,
        source: str,
        *,
        tried: Sequence[str],
        looks_like: str,
        needs: str = "",
        failures: Sequence[str] = (),
    ) -> None:
        self.tried = tuple(tried)
        self.looks_like = looks_like
        self.needs = needs
        self.failures = tuple(failures)
        said = [f"it looks like {looks_like}", needs or f"Opscope opens: {', '.join(self.tried)}"]
        said += [f"An importer plugin failed: {quoted(one)}" for one in self.failures[:5]]
        super().__init__(source, ". ".join(said) + ".")


class UnknownObject(ReadError):
    """No reader accepted an object.

    Attributes
    ----------
    kind : str
        Its class.
    accepted : str
        What would have been read.
    """

    max_reason_chars = 2000

    def __init__(self, source: str, *, kind: str, accepted: str) -> None:
        self.kind = kind
        self.accepted = accepted
        known = f"Give a path, bytes, a binary file, or: {accepted}."
        super().__init__(source, f"it is an object of class {quoted(kind)}. {known}")


class MissingFramework(ReadError):
    """A format needs an optional package.

    Attributes
    ----------
    extra : str
        The extra of the `opscope` distribution that brings it.
    """

    def __init__(self, source: str, *, format: str, extra: str) -> None:
        self.extra = extra
        reason = f"{format} needs a package that is missing. Run: pip install 'opscope[{extra}]'"
        super().__init__(source, reason, format=format)


class DamagedSource(ReadError):
    """The source is cut or corrupt.

    Attributes
    ----------
    offset : int or None
        Byte position of the damage, where known.
    """

    def __init__(
        self, source: str, reason: str, *, format: str = "", offset: int | None = None
    ) -> None:
        self.offset = offset
        where = "" if offset is None else f" (at byte {offset:,})"
        super().__init__(source, f"the file is damaged: {reason}{where}", format=format)


class UnsupportedFeature(ReadError):
    """The source is valid but holds something that Opscope cannot show.

    Attributes
    ----------
    feature : str
        The feature.
    """

    def __init__(self, source: str, feature: str, *, format: str = "") -> None:
        self.feature = feature
        super().__init__(source, f"not supported: {feature}", format=format)


class QueryError(OpscopeError):
    """A search text cannot be understood.

    Attributes
    ----------
    query, reason : str
        The text, and what is wrong with it.
    """

    def __init__(self, query: str, reason: str) -> None:
        self.query = query
        self.reason = reason
        super().__init__(f"Cannot search for {quoted(query)}: {quoted(reason)}")


class UnknownName(OpscopeError):
    """A part of a model was asked for by a name that it does not have.

    Attributes
    ----------
    kind : str
        What was asked for, e.g. ``"group"``.
    name : str
    near : tuple of str
        The nearest names that are there.
    """

    def __init__(self, kind: str, name: str, near: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.near = tuple(near)
        nearest = (
            f"Nearest: {', '.join(map(quoted, self.near))}" if near else f"There are no {kind}s"
        )
        super().__init__(f"There is no {kind} {quoted(name)!r}. {nearest}.")


class NodeDataError(OpscopeError):
    """No node data could be read from a source.

    Attributes
    ----------
    source, reason : str
        Name of the file, and what is wrong with it.
    """

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"Cannot read node data from {quoted(source)}: {quoted(reason)}")


class MeasureError(OpscopeError):
    """A measure failed.

    Attributes
    ----------
    measure, node : str
        The measure, and the node's id or ``""``.
    """

    def __init__(self, measure: str, reason: str, *, node: str = "") -> None:
        self.measure = measure
        self.node = node
        self.reason = reason
        at = f" at {quoted(node)}" if node else ""
        super().__init__(f"Cannot measure {measure}{at}: {quoted(reason)}")


class NotRunnable(MeasureError):
    """A model cannot be run.

    Attributes
    ----------
    needs : str
        What is missing, e.g. a runtime or an input's shape.
    """

    def __init__(self, measure: str, needs: str, *, node: str = "") -> None:
        self.needs = needs
        super().__init__(measure, f"it needs {needs}", node=node)


class WireError(OpscopeError):
    """Python and the browser disagree about the wire format.

    Attributes
    ----------
    expected, got : str
        The two sides of the disagreement.
    """

    def __init__(self, expected: str, got: str) -> None:
        self.expected = expected
        self.got = got
        super().__init__(f"Wire format: expected {quoted(expected)}, got {quoted(got)}")
