"""A zoo of tiny named graphs for the layout, drawn in ASCII, and seeded random ones.

One line a chain: ``a -> b -> c``. A slash puts a node into groups (``g/h/a``), a dollar
sign makes it a constant (``$w``), ``a.1 -> b`` leaves from output slot 1. Input slots are
numbered as the edges come. A name alone is a node without edges.
"""

from __future__ import annotations

import itertools

import numpy as np

from graphs.layout import Boxes

ZOO = {
    "single": "a",
    "chain": "a -> b -> c -> d -> e",
    "isolated": "a\nb\nc\nd\ne\nf\ng",
    "two components": "a -> b\nc -> d -> e",
    "diamond": """
        a -> b -> d
        a -> c -> d
    """,
    "parallel edges": "a -> b\na -> b\na.1 -> b",
    "square": "x -> mul\nx -> mul\nmul -> out",
    "self-loops": "a -> b -> c\nb -> b\nb.1 -> b",
    "only a self-loop": "a -> a",
    "two-cycle": "a -> b -> a",
    "cycle": "a -> b -> c -> d -> a",
    "cycle with exits": "in -> a -> b -> c -> a\nb -> out\nc -> out",
    "nested cycles": "a -> b -> c -> d -> b\nd -> a\nc -> a",
    "residual": """
        input -> conv1 -> relu1 -> conv2 -> add
        input -> add -> relu2 -> output
        $w1 -> conv1
        $w2 -> conv2
        $b2 -> conv2
    """,
    "long skips": "a -> b -> c -> d -> e -> f -> g\na -> d\na -> g\nb -> g\nc -> e",
    "shared mask": """
        mask -> a
        x -> a -> b -> c -> d
        mask -> b
        mask -> c
        mask -> d
    """,
    "constant tree": "$w -> t -> m\n$s -> t\nx -> a -> b -> c -> m -> out",
    "fan": "a -> b\na -> c\na -> d\na -> e\nb -> z\nc -> z\nd -> z\ne -> z",
    "slots in order": "s.0 -> a\ns.1 -> b\ns.2 -> c\nc -> t\nb -> t\na -> t",
    "crossing pair": "a -> x\na -> y\nb -> x\nb -> y",
    "complete 3 by 3": "\n".join(f"{a} -> {b}" for a in "abc" for b in "xyz"),
    "one group": "in -> g/a -> g/b -> out",
    "skip past a group": "in -> g/a -> g/b -> out\nin -> out",
    "group with two of each": """
        p -> g/a -> q
        r -> g/b -> s
        g/a -> g/b
        p -> g/b
    """,
    "groups that feed each other": "g/a -> h/b -> g/c -> h/d\ng/a -> g/c",
    "cycle through groups": "g/a -> h/b -> k/c -> g/a\nin -> g/a\nk/c -> out",
    "back edge out of a group": "in -> a -> g/b -> g/c -> a\ng/c -> out",
    "loop inside a group": "in -> g/m -> g/b -> g/c -> g/m\ng/c -> out\ng/b -> g/b",
    "nested five deep": """
        in -> 1/a -> 1/2/a -> 1/2/3/a -> 1/2/3/4/a -> 1/2/3/4/5/a -> out
        in -> 1/2/3/4/5/a
        1/a -> out
        1/2/3/a -> out
        1/2/3/4/5/a -> 1/2/3/4/b -> 1/b
    """,
    "twin groups": "\n".join(
        f"{x} -> {k}/norm -> {k}/q -> {k}/mul -> {k}/add -> {y}\n"
        f"{k}/norm -> {k}/k -> {k}/mul\n{x} -> {k}/add\nmask -> {k}/mul"
        for k, (x, y) in enumerate([("in", "m1"), ("m1", "m2"), ("m2", "out")])
    ),
    "sibling groups": "a -> g/x -> z\na -> h/x -> z\na -> k/x -> k/y -> z",
    "groups without edges": "g/a\nh/b\nh/k/c\nd",
    "constants in a group": "x -> g/conv -> g/relu -> y\n$g/w -> g/conv\n$shared -> g/conv",
    "value to many groups": "v -> g/a\nv -> g/b\nv -> h/a\nv -> h/k/a\nv -> h/k/b",
}


def zoo_boxes(name: str) -> Boxes:
    """Return a graph of the zoo by its name."""
    return boxes_of(ZOO[name])


def boxes_of(drawing: str) -> Boxes:
    """Return the boxes of an ASCII drawing; a node is as wide as its name."""
    nodes: dict[str, bool] = {}
    edges: list[tuple[str, str, int, int]] = []
    n_inputs: dict[str, int] = {}
    for line in drawing.splitlines():
        ends = [end.strip() for end in line.split("->")] if line.strip() else []
        names = []
        for end in ends:
            name, _, slot = end.lstrip("$").partition(".")
            nodes[name] = nodes.get(name, False) or end.startswith("$")
            names.append((name, int(slot or 0)))
        for (source, slot), (target, _) in itertools.pairwise(names):
            edges.append((source, target, slot, n_inputs.get(target, 0)))
            n_inputs[target] = n_inputs.get(target, 0) + 1
    return _boxes(nodes, edges)


def _boxes(nodes: dict[str, bool], edges: list[tuple[str, str, int, int]]) -> Boxes:
    parts = [name.split("/") for name in nodes]
    paths = dict.fromkeys("/".join(part[:k]) for part in parts for k in range(1, len(part)))
    order = _preorder([*paths, *nodes], set(paths))
    index = {name: i for i, name in enumerate(order)}
    parent = [index.get(name.rpartition("/")[0], -1) for name in order]
    rows = np.array([(index[a], index[b], s, t) for a, b, s, t in edges], dtype=np.int32).reshape(
        -1, 4
    )
    return Boxes(
        width=np.array([40 + 8 * len(n.rpartition("/")[2]) for n in order], dtype=np.float32),
        height=np.full(len(order), 28, dtype=np.float32),
        parent=np.array(parent, dtype=np.int32),
        is_group=np.array([name in paths for name in order], dtype=bool),
        is_constant=np.array([nodes.get(name, False) for name in order], dtype=bool),
        source=rows[:, 0].copy(),
        target=rows[:, 1].copy(),
        source_slot=rows[:, 2].copy(),
        target_slot=rows[:, 3].copy(),
    )


def _preorder(names: list[str], groups: set[str]) -> list[str]:
    """Put each group before its members, its own nodes before its inner groups."""
    inside: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda n: n in groups):  # stable: nodes first
        inside.setdefault(name.rpartition("/")[0], []).append(name)
    order: list[str] = []
    stack = inside.get("", [])[::-1]
    while stack:
        name = stack.pop()
        order.append(name)
        if name in groups:
            stack.extend(inside[name][::-1])
    return order


def random_boxes(
    seed: int, n_leaves: int = 20, n_groups: int = 4, n_edges: int = 30, forward: float = 0.9
) -> Boxes:
    """Return seeded random boxes: nested groups, slots or none, cycles, loops, parallel edges.

    Parameters
    ----------
    seed : int
    n_leaves, n_groups, n_edges : int
    forward : float
        Share of edges from an earlier leaf to a later one.
    """
    random = np.random.default_rng(seed)
    groups = [""]
    for k in range(n_groups):
        groups.append(f"{groups[random.integers(len(groups))]}/g{k}".strip("/"))
    homes = [*groups[1:], *(groups[i] for i in random.integers(len(groups), size=n_leaves))]
    nodes = {f"{home}/n{i}".strip("/"): False for i, home in enumerate(homes)}
    names = list(nodes)
    edges: list[tuple[str, str, int, int]] = []
    n_inputs = dict.fromkeys(names, 0)
    has_slots = random.random() < 0.7
    for _ in range(n_edges):
        a, b = (int(i) for i in random.integers(len(names), size=2))
        if random.random() < forward and a != b:
            a, b = min(a, b), max(a, b)
        slots = (int(random.integers(3)), n_inputs[names[b]]) if has_slots else (-1, -1)
        n_inputs[names[b]] += 1
        edges.append((names[a], names[b], *slots))
    fed = {target for _, target, _, _ in edges}
    nodes = {name: name not in fed and random.random() < 0.5 for name in names}
    return _boxes(nodes, edges)
