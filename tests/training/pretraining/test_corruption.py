"""What corruption and views keep and change, and the contrastive loss against its formula."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.training.pretraining import corruption as pretext

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import monai.losses  # noqa: F401

SEEDS = st.integers(0, 2**32 - 1)
quick = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def pictures(count: int = 6, channels: int = 3, size: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 1, size, size, generator=generator).repeat(1, channels, 1, 1)


def views(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    return torch.cat(pretext.two_views(images, rng))


@pytest.mark.parametrize("change", [pretext.corrupt, views])
@quick
@given(seed=SEEDS, channels=st.integers(1, 3), size=st.sampled_from([8, 31, 48]))
def test_a_change_keeps_range_and_channels_and_repeats_by_seed(
    change: Callable[[torch.Tensor, np.random.Generator], torch.Tensor],
    seed: int,
    channels: int,
    size: int,
) -> None:
    images = pictures(3, channels, size)
    before = images.clone()
    changed = change(images, np.random.default_rng(seed))
    assert changed.shape[1:] == images.shape[1:] and changed.dtype == images.dtype
    assert 0 <= changed.min() and changed.max() <= 1
    torch.testing.assert_close(changed, changed[:, :1].expand_as(changed), rtol=0, atol=1e-5)
    assert torch.equal(images, before)
    assert torch.equal(changed, change(images, np.random.default_rng(seed)))


def test_spoil_changes_images_each_on_its_own_draws() -> None:
    images = pictures(1).expand(8, -1, -1, -1)
    spoiled = pretext.corrupt(images, np.random.default_rng(0))
    distance = (spoiled[:, None] - spoiled[None]).abs().amax((2, 3, 4))
    assert (distance + torch.eye(8) > 0.01).all()
    assert not torch.equal(spoiled, pretext.corrupt(images, np.random.default_rng(1)))
    assert ((spoiled - images).abs().amax((1, 2, 3)) > 0.01).all()


def test_spoil_treats_images_at_the_stated_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = dict.fromkeys(("local_shuffle", "grey_curve", "in_painting", "out_painting"), 0)

    def counted(name: str) -> Callable[..., object]:
        original = getattr(pretext, name)

        def call(*arguments: object) -> object:
            counts[name] += 1
            return original(*arguments)

        return call

    for name in counts:
        monkeypatch.setattr(pretext, name, counted(name))
    pretext.corrupt(pictures(1000, 1, 12), np.random.default_rng(0))
    rates = [counts[name] / 1000 for name in counts]
    assert rates == pytest.approx([0.5, 0.9, 0.18, 0.72], abs=0.05)


@quick
@given(seed=SEEDS, size=st.sampled_from([8, 20, 64]))
def test_local_shuffling_loses_no_value_and_stays_local(seed: int, size: int) -> None:
    source = pretext.local_shuffle(size, np.random.default_rng(seed))
    assert np.array_equal(np.sort(source.ravel()), np.arange(size * size))
    there = np.stack(np.divmod(source, size))
    away = np.abs(there - np.indices((size, size))).max(0)
    assert 0 < away.mean() < max(2, size // 10)


@quick
@given(seed=SEEDS)
def test_the_grey_curve_is_monotone_between_the_ends(seed: int) -> None:
    curve = pretext.grey_curve(np.random.default_rng(seed))
    step = np.diff(curve)
    assert (step >= 0).all() or (step <= 0).all()
    assert sorted([curve[0], curve[-1]]) == [0, 1]


def test_half_of_the_grey_curves_fall() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([pretext.grey_curve(rng)[0] for _ in range(400)]) == pytest.approx(0.5, abs=0.1)


def test_bending_follows_the_curve_of_each_image() -> None:
    rng = np.random.default_rng(0)
    curves = np.stack([np.linspace(0, 1, 1024), pretext.grey_curve(rng)]).astype(np.float32)
    images = pictures(2)
    images[:, :, 0, :2] = torch.tensor([0.0, 1.0])
    bent = pretext.remap_intensities(images, torch.from_numpy(curves))
    expected = np.interp(images[1], np.linspace(0, 1, 1024), curves[1]).astype(np.float32)
    torch.testing.assert_close(bent[0], images[0])
    torch.testing.assert_close(bent[1], torch.from_numpy(expected), rtol=0, atol=1e-5)
    assert bent[1, 0, 0, :2].tolist() == curves[1, [0, -1]].tolist()


@quick
@given(seed=SEEDS, size=st.integers(8, 70))
def test_painting_covers_what_it_should(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    kept = ~pretext.out_painting(size, rng)
    assert (size - 4 * size // 7) ** 2 <= kept.sum() <= 5 * (size - 3 * size // 7) ** 2
    assert pretext.in_painting(size, rng).sum() <= 5 * (size // 3) ** 2


def test_the_two_views_of_an_image_differ() -> None:
    first, second = pretext.two_views(pictures(), np.random.default_rng(0))
    assert ((first - second).abs().amax((1, 2, 3)) > 0.1).all()


def test_views_look_inside_the_image_and_half_are_mirrored() -> None:
    ramp = torch.linspace(0.4, 0.6, 32).expand(300, 1, 32, 32)
    first, _ = pretext.two_views(ramp, np.random.default_rng(0))
    rise = first[..., -4:].mean((1, 2, 3)) - first[..., :4].mean((1, 2, 3))
    assert (rise > 0).float().mean() == pytest.approx(0.5, abs=0.1)
    flat, _ = pretext.two_views(torch.full((50, 1, 32, 32), 0.5), np.random.default_rng(0))
    edge = torch.cat([flat[..., 0], flat[..., -1]], -1).mean((1, 2))
    assert (edge - flat.mean((1, 2, 3))).abs().max() < 0.04


def embeddings() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(5, 8, generator=generator)
    return first, first + 0.3 * torch.randn(5, 8, generator=generator)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_the_contrastive_loss_is_nt_xent(temperature: float) -> None:
    first, second = embeddings()
    rows = F.normalize(torch.cat([first, second]), dim=1)
    logits = (rows @ rows.T / temperature).fill_diagonal_(-torch.inf)
    partner = torch.arange(10).roll(5)
    torch.testing.assert_close(
        pretext.contrastive_loss(first, second, temperature), F.cross_entropy(logits, partner)
    )


def test_the_contrastive_loss_prefers_aligned_pairs_and_has_a_gradient() -> None:
    first, second = embeddings()
    first.requires_grad_()
    loss = pretext.contrastive_loss(first, second)
    loss.backward()
    assert first.grad is not None and first.grad.isfinite().all() and first.grad.abs().sum() > 0
    assert loss < pretext.contrastive_loss(first, second.roll(1, 0))
    half = pretext.contrastive_loss(first.half(), second.half())
    torch.testing.assert_close(half, loss, rtol=0.01, atol=0.01)
