"""What keeps the package readable: sizes of modules and functions, and one name per class."""

import ast
from collections import defaultdict
from pathlib import Path
from statistics import median

import benchmark

PACKAGE = Path(benchmark.__file__).parent
MODULES = {path.relative_to(PACKAGE): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
TREES = {path: ast.parse(text) for path, text in MODULES.items()}


def test_modules_are_small() -> None:
    lines = {path: text.count("\n") for path, text in MODULES.items() if path.stem != "__init__"}
    assert {path: count for path, count in lines.items() if count > 250} == {}
    assert median(lines.values()) <= 110


def test_functions_are_short() -> None:
    lengths = {
        f"{path}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, tree in TREES.items()
        if path.parts[0] in ("cli", "running", "training")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > 50} == {}


def test_two_classes_never_share_a_name() -> None:
    places = defaultdict(list)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}
