"""The documents: their links lead somewhere, their commands exist, the lists are complete."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from graphs import errors
from importers.registry import FORMATS
from importers.table import with_table
from tests.helpers.repository import ROOT, sources, where

DOCUMENTS = sources(".md")
README = (ROOT / "README.md").read_text()
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(document: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=where)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link to a file of the repository, and to a heading in it, has its target."""
    broken = []
    for target in LINK.findall(document.read_text()):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name) if name else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def tasks() -> set[str]:
    """Return the tasks that `./run help` lists."""
    shown = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"^  ([a-z][a-z-]*)(?= )", shown.stdout, re.MULTILINE))


def test_every_task_has_a_help_line() -> None:
    """What the runner's last `case` accepts is what its help lists."""
    cases = (ROOT / "run").read_text().rsplit("case $task in", 1)[1]
    accepted = {word for line in re.findall(r"^([a-z| -]+)\)", cases, re.MULTILINE)
                for word in line.split(" | ")}  # fmt: skip
    assert tasks() == {word for word in accepted if not word.startswith("-")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=where)
def test_commands_exist(document: Path) -> None:
    """Every `./run TASK` and every extra that a page names is there."""
    text = document.read_text()
    assert set(re.findall(r"\./run ([a-z][a-z-]*)", text)) <= tasks()
    named = {e for group in re.findall(r"opscope\[([a-z,]+)\]", text) for e in group.split(",")}
    assert named <= extras()


def extras() -> set[str]:
    """Return the extras of the distribution."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return set(tomllib.load(file)["project"]["optional-dependencies"])


def test_every_extra_that_the_code_names_exists() -> None:
    """The install line of an error, and of a format's row, installs something."""
    pattern = re.compile(r"""(?:extra=|EXTRA = )"(\w+)"|opscope\[(\w+)\]""")
    packages = ("dashboard", "importers", "measures")
    found = (
        m for path in sources(".py", under=packages) for m in pattern.findall(path.read_text())
    )
    named = {one for pair in found for one in pair if one}
    assert {"jax", "torch"} <= named <= extras()


def test_the_readme_holds_the_table_of_formats() -> None:
    """The README's table is what the importers' table gives; python -m importers.table --write."""
    assert with_table(README) == README
    rows = {line.split("|")[1].strip() for line in README.splitlines() if line[:2] == "| "}
    assert {row.name for row in FORMATS} <= rows


def test_every_format_has_its_page() -> None:
    """docs/formats says of each format how it maps to a graph, and what is lost."""
    pages = {path.stem for path in (ROOT / "docs" / "formats").glob("*.md")}
    modules = {row.module.rpartition(".")[2] for row in FORMATS}
    # One page may tell of several formats of a framework: tensorflow.md of tensorflow_graphdef.
    without = [name for name in modules if not pages & {name, name.partition("_")[0]}]
    assert sorted(without) == []


def test_every_error_is_drawn_in_the_tree() -> None:
    """The docstring of `graphs.errors` names each error of the module."""
    classes = [
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.OpscopeError)
    ]
    assert [name for name in classes if name not in (errors.__doc__ or "")] == []
    assert len(classes) > 10
