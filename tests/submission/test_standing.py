"""The new rows among the others, with their gains."""

import shutil
from pathlib import Path

import pytest
from support.packs import Machine, add_source, make_pack

from benchmark.submission.report import to_html, to_markdown
from benchmark.submission.verify import Verdict, verify_submission


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_an_honest_pack_stands_among_the_others(
    machine: Machine, tmp_path: Path, name: str
) -> None:
    path = make_pack(machine, tmp_path / name)
    with verify_submission(path, machine.workspace, machine.accepted) as verdict:
        assert not verdict.refused, verdict.checklist
        states = {one.name: one.state for one in verdict.checklist.checks}
        assert states.pop("scored again") == "not checked"
        assert set(states.values()) == {"passed"}, verdict.checklist
        assert set(verdict.standing.levels.values()) == {"self-reported"}
        (one,) = verdict.standing.placements
        assert (one.target,) == machine.board.targets
        assert (
            one.rank.endswith("of 2") and one.over_imagenet == "no ImageNet entry to compare with"
        )
        assert one.over_baseline[0] in "+-" and "[" in one.over_baseline
        text = to_markdown(verdict)
        assert "own_encoder on tiny_v2 (synthetic): may be merged" in text
        assert one.score in text and one.over_baseline in text
        assert "<strong>own_encoder" in to_html(verdict)


def test_the_gain_is_that_of_the_tables(machine: Machine, shared_pack: Path) -> None:
    with verify_submission(shared_pack, machine.workspace, machine.accepted) as verdict:
        scores = scores_by_source(verdict)
        (placement,) = verdict.standing.placements
    gain = scores["own_encoder"] - scores["scratch"]
    assert placement.over_baseline.startswith(f"{gain:+.3f}")


def test_the_gain_over_imagenet_is_paired_with_the_best_one(
    machine_copy: Machine, shared_pack: Path
) -> None:
    for name in ("natural_one", "natural_two"):
        add_source(machine_copy, name)
        run = machine_copy.run(name, name)
        shutil.copytree(run.folder / "records", machine_copy.accepted.folder / "records",
                        dirs_exist_ok=True)  # fmt: skip
    with verify_submission(shared_pack, machine_copy.workspace, machine_copy.accepted) as verdict:
        scores = scores_by_source(verdict)
        (placement,) = verdict.standing.placements
    best = max("natural_one", "natural_two", key=lambda name: scores[name])
    assert placement.over_imagenet.endswith(f" over {best}")
    assert placement.over_imagenet.startswith(f"{scores['own_encoder'] - scores[best]:+.3f} [")
    assert placement.rank.endswith(" of 4")


def scores_by_source(verdict: Verdict) -> dict[str, float]:
    assert verdict.standing.leaderboard is not None
    rows = verdict.standing.leaderboard.rows
    return dict(zip(rows["source"], rows["score"], strict=True))
