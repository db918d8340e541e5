"""The guard defines missing operators, and does nothing if torchvision is intact."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from benchmark.models import vision_libraries


def test_an_intact_torchvision_is_left_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    module, before = ModuleType("torchvision"), len(vision_libraries._definitions)
    monkeypatch.setattr(importlib, "import_module", lambda name: module)
    assert vision_libraries.import_torchvision() is module
    assert len(vision_libraries._definitions) == before


def test_missing_operators_are_defined_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    module, missing = ModuleType("torchvision"), ["made_up_one", "made_up_two"]

    def load(name: str) -> ModuleType:
        if missing:
            raise RuntimeError(f"operator torchvision::{missing.pop(0)} does not exist")
        return module

    monkeypatch.setattr(importlib, "import_module", load)
    monkeypatch.setattr(sys, "modules", {})
    assert vision_libraries.import_torchvision() is module
    assert hasattr(torch.ops.torchvision, "made_up_two")


def test_other_failures_stay_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> ModuleType:
        raise RuntimeError("something else")

    monkeypatch.setattr(importlib, "import_module", load)
    with pytest.raises(RuntimeError, match="something else"):
        vision_libraries.import_torchvision()


@pytest.mark.parametrize("loaded", [False, True])
def test_monai_is_imported_without_transformers_unless_they_are_loaded(
    loaded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "like_monai.py").write_text(
        "try:\n    import transformers\nexcept ImportError:\n    transformers = None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "like_monai", raising=False)
    monkeypatch.delitem(sys.modules, "transformers", raising=False)
    library = ModuleType("transformers")
    if loaded:
        monkeypatch.setitem(sys.modules, "transformers", library)
    module = vision_libraries.import_monai("like_monai")
    assert module.transformers is (library if loaded else None)
    assert ("transformers" in sys.modules) is loaded
