"""What users install: the built wheel has the content, nothing stray, and works elsewhere."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(out)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    return path


def test_only_our_package_is_at_the_top(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"benchmark", "segtransfer"}
    assert "benchmark/_content/leaderboards/tiny_v2/board.yaml" in names
    assert "benchmark/py.typed" in names
    assert "benchmark/views/page/templates/page.js" in names
    assert "benchmark/views/site/templates/index.html.j2" in names
    records = "benchmark/_content/leaderboards/quickstart_v2/records/"
    assert any(name.startswith(records) for name in names)
    assert not [n for n in names if n.startswith("benchmark/_content") and n.endswith(".py")]
    shipped = {p.relative_to(ROOT).as_posix() for p in (ROOT / "tasks").rglob("*.yaml")}
    assert shipped <= {name.removeprefix("benchmark/_content/") for name in names}


def test_the_wheel_lists_its_cards_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "datasets").mkdir()  # somebody else's package of that name
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import benchmark; "
        f"assert benchmark.__file__.startswith({str(site)!r}); "
        "sys.argv = ['segtransfer', 'list', 'boards']; from benchmark.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0 and "tiny_v2" in done.stdout, done.stderr
