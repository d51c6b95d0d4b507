"""The rule of imports: what ARCHITECTURE.md draws is what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "adapter"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "secret"),
    ("core",),
    ("config", "clock", "deadline", "logs", "metrics", "phone"),
    ("decision", "rounds"),
    (
        "alertmanager",
        "announcer",
        "complaints",
        "dingtalk",
        "outbox",
        "web",
        "dispatcher",
        "feeds",
        "health",
        "heartbeats",
        "heirs",
        "housekeeping",
        "last_resort",
        "reminders",
        "serving",
        "simulator",
        "swaps",
        "watcher",
        "workbench",
    ),
    ("loading", "opening"),
    ("preview",),
    ("app", "moving", "sending"),
    ("cli",),
    ("__main__",),
)
RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

NOT_IN_CORE = {
    "io", "logging", "multiprocessing", "os", "pathlib", "random", "requests", "signal", "socket",
    "sqlalchemy", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib3",
}  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """Return the first part below the package: `adapter.core.text` is in `core`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide their room"
            base = node.module or ""
            for alias in node.names:
                child = f"{base}.{alias.name}"
                is_module = (ROOT / Path(*child.split("."))).with_suffix(".py").exists()
                yield (child if is_module else base), node


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(name_of(path))
    for imported, _ in imports_of(parse(path)):
        if not imported.startswith("adapter."):
            continue
        other = room_of(imported)
        assert other == room or RANK[other] < RANK[room], f"{name_of(path)} imports {imported}"


@pytest.mark.parametrize("path", [path for path in MODULES if "core" in path.parts], ids=name_of)
def test_the_core_only_decides(path: Path) -> None:
    for imported, _ in imports_of(parse(path)):
        assert imported.split(".")[0] not in NOT_IN_CORE, f"{name_of(path)} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_import_is_late(path: Path) -> None:
    tree = parse(path)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            late = [node.lineno for _, node in imports_of(function)]
            assert not late, f"{name_of(path)} imports inside a function at line {late}"


def test_no_module_imports_itself_by_a_way_round() -> None:
    graph = {
        name_of(path): {
            imported for imported, _ in imports_of(parse(path)) if imported.startswith("adapter")
        }
        for path in MODULES
    }
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"cycle: {' -> '.join((*way, module))}"
        if module in done or module not in graph:
            return
        for imported in graph[module] - {module}:
            visit(imported, (*way, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def test_every_room_is_drawn() -> None:
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {room_of(name_of(path)) for path in MODULES} - {"", "__main__"}
    missing = {room for room in rooms if not re.search(rf"\b{room}(/|\.py)", drawn)}
    assert not missing, "ARCHITECTURE.md does not name them"


def test_only_the_clock_reads_the_time() -> None:
    """Ruff's banned-api holds this where it runs; this holds it against a stray `noqa`."""
    for path in MODULES:
        if path.name != "clock.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"noqa:[^\n]*TID251", text), path
