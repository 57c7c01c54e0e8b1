"""The floors of the house, read from the imports; nothing heavy on the way to a page."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SEG = sorted((ROOT / "seg").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))
WEB = sorted((ROOT / "web").rglob("*.py"))
KERAS_FILES = {
    "devices.py", "network.py", "unetpp.py", "inference.py", "confusion.py",
    "session.py", "steered.py", "trainer.py",
}  # fmt: skip
FLOORS = [
    ("errors",),
    ("confusion", "scores", "surface", "intervals"),
    ("files", "coding", "mask", "painted", "pairing", "names", "grey"),
    ("case", "cases", "refusals", "description", "dataset"),
    ("settings",),
]


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SEG, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_engine_knows_no_page_and_no_web(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert not tops & {"streamlit", "starlette", "pages", "web", "plotly"}


@pytest.mark.parametrize("path", SEG + PAGES + WEB, ids=lambda p: str(p.relative_to(ROOT)))
def test_keras_is_imported_in_few_places_only(path):
    tops = {name.split(".")[0] for name in imports(path)}
    if path.name not in KERAS_FILES or "pages" in path.parts:
        assert not tops & {"keras", "tensorflow"}
    if path.name != "devices.py":
        assert "tensorflow" not in tops


@pytest.mark.parametrize("path", WEB, ids=lambda p: p.name)
def test_the_edge_knows_no_page(path):
    assert not {name.split(".")[0] for name in imports(path)} & {"pages", "streamlit"}


@pytest.mark.parametrize("floor", range(1, len(FLOORS)))
def test_lower_floors_do_not_look_up(floor):
    above = {f"seg.{name}" for higher in FLOORS[floor:] for name in higher}
    for lower in FLOORS[:floor]:
        for name in lower:
            path = ROOT / "seg" / name
            for file in path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
                looked = {".".join(module.split(".")[:2]) for module in imports(file)}
                assert not looked & above, file


def test_no_module_imports_itself_in_a_circle():
    files = {module_name(path): path for path in SEG + PAGES + WEB}
    graph = {name: set() for name in files}
    for name, path in files.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    graph[name].add(inner if inner in files else node.module)
            elif isinstance(node, ast.Import):
                graph[name].update(alias.name for alias in node.names)
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, " -> ".join([*open_, name])
        if name in done or name not in graph:
            return
        open_.append(name)
        for target in graph[name]:
            visit(target)
        open_.pop()
        done.add(name)

    for name in graph:
        visit(name)


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import seg", ["numpy", "keras", "tensorflow", "streamlit"]),
        ("import seg.service, seg.checkpoint, seg.cases", ["keras", "tensorflow", "streamlit"]),
        ("import web.files", ["keras", "tensorflow", "numpy"]),
        ("import pages.widgets.choose, pages.widgets.table", ["keras", "tensorflow", "scipy"]),
    ],
)
def test_what_an_import_does_not_bring(statement, absent):
    code = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
