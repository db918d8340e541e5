"""The command `segtransfer` inside the test's process; torch is imported once."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.cli import main
from benchmark.cli.main import app


def segtransfer(*words: str, home: Path) -> Result:
    """Run the command and fail the test if it does not end well."""
    result = CliRunner().invoke(app, ["--home", str(home), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def refusal(
    *words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What a refused command prints on standard error; its exit status has to be 1."""
    monkeypatch.setattr(sys, "argv", ["segtransfer", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err
