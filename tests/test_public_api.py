"""The public interface: complete, lazy, and the same for people and type checkers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import benchmark

STUB = Path(benchmark.__file__).with_suffix(".pyi")


NAMES: list[str] = vars(benchmark)["__all__"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there_and_documented(name: str) -> None:
    assert getattr(benchmark, name).__doc__, name


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = {
        alias.asname: f"{node.module}.{alias.name}" for node in imports for alias in node.names
    }
    assert names.keys() == set(NAMES)
    for name, origin in names.items():
        assert name is not None
        found = getattr(benchmark, name)
        assert origin and f"{found.__module__}.{found.__name__}" == origin


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = benchmark.nonsense  # type: ignore[attr-defined]
    assert "run_board" in dir(benchmark)


def test_importing_it_imports_nothing_heavy() -> None:
    program = "import sys, benchmark; print(*[m for m in sys.modules if m in {names}])".format(
        names={"torch", "pandas", "numpy", "pydantic", "typer", "monai"}
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 0 and found.stdout.split() == []
