"""The shipped source cards: encoders that exist, and facts that equal those of timm."""

import re
from collections.abc import Iterator

import pytest
import torch
from pydantic import ValidationError
from support.factories import shipped_registry

from benchmark.cards.source import SourceCard, WeightsFile
from benchmark.models.encoders import ENCODERS, encoder_family, encoder_shapes, tensor_shapes
from benchmark.models.vision_libraries import timm
from benchmark.models.weights import renamed_key

CARDS = [card for card in shipped_registry().sources.values() if card.weights]
NOT_KNOWN = "Commit and SHA-256 of the file"


def of_timm() -> Iterator[tuple[SourceCard, WeightsFile, str]]:
    """Cards of weights that timm publishes, and the name of the model."""
    for card in CARDS:
        if card.weights and card.weights.hub and card.weights.hub.repo.startswith("timm/"):
            yield card, card.weights, card.weights.hub.repo.removeprefix("timm/")


OF_TIMM = [pytest.param(*case, id=case[0].id) for case in of_timm()]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_encoder_exists(card: SourceCard) -> None:
    assert encoder_family(card.encoder or "") in ENCODERS


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_one_file_is_identified_or_the_card_says_that_it_is_not(card: SourceCard) -> None:
    assert card.weights
    if not (card.weights.sha256 or (card.weights.hub and card.weights.hub.revision)):
        assert any(NOT_KNOWN in sentence for sentence in card.unverified)


@pytest.mark.parametrize(("card", "weights", "model"), OF_TIMM)
def test_facts_are_those_of_timm(card: SourceCard, weights: WeightsFile, model: str) -> None:
    published = timm.models.get_pretrained_cfg(model)
    assert weights.hub and published.hf_hub_id == weights.hub.repo
    assert (card.input.mean, card.input.std) == (published.mean, published.std)
    licence = re.sub("[^a-z0-9.]", "-", weights.licence.lower())
    assert licence.startswith(published.license), (weights.licence, published.license)
    if "-nc" in published.license:
        assert weights.commercial_use is False


@pytest.mark.parametrize(("card", "weights", "model"), OF_TIMM)
def test_the_names_of_timm_become_those_of_the_encoder(
    card: SourceCard, weights: WeightsFile, model: str
) -> None:
    with torch.device("meta"):
        published = tensor_shapes(timm.create_model(model))
    own = encoder_shapes(card.encoder or "", card.input.channels)
    renamed = {renamed_key(name, weights.rename): shape for name, shape in published.items()}
    assert own
    assert {name: renamed.get(weights.key_prefix + name) for name in own} == own


def test_web_collections_are_marked_on_every_card() -> None:
    """The same data set is checkable on all cards, or on none."""
    marks: dict[str, set[bool]] = {}
    for card in CARDS:
        for seen in card.saw:
            marks.setdefault(seen.dataset, set()).add(seen.checkable)
    assert all(len(values) == 1 for values in marks.values())
    assert {name for name, values in marks.items() if values == {False}} >= {
        "ct_3m", "lvd142m", "lvd1689m", "openai_wit", "pmc_15m", "sa_1b",
    }  # fmt: skip


# How the authors' files name tensors of one block and of what is around them: open_clip (image
# tower), the demonstration of MedDINOv3, SamModel of transformers (its conversion of SAM), and the
# masked autoencoder of MAE, which UltraFedFM took over.
PUBLISHED = {
    "biomedclip_vit_base": """
        visual.trunk.cls_token visual.trunk.pos_embed visual.trunk.patch_embed.proj.weight
        visual.trunk.blocks.0.norm1.weight visual.trunk.blocks.0.attn.qkv.weight
        visual.trunk.blocks.0.attn.proj.bias visual.trunk.blocks.0.mlp.fc1.weight
    """,
    "meddinov3_vit_base": """
        teacher.backbone.cls_token backbone.storage_tokens backbone.patch_embed.proj.weight
        backbone.blocks.0.norm1.weight backbone.blocks.0.attn.qkv.weight
        backbone.blocks.0.attn.proj.bias backbone.blocks.0.ls1.gamma backbone.blocks.0.ls2.gamma
        backbone.blocks.0.mlp.fc2.weight
    """,
    "medsam_vit_base": """
        vision_encoder.pos_embed vision_encoder.patch_embed.projection.weight
        vision_encoder.layers.0.layer_norm1.weight vision_encoder.layers.0.layer_norm2.bias
        vision_encoder.layers.0.attn.qkv.weight vision_encoder.layers.0.attn.rel_pos_h
        vision_encoder.layers.0.attn.proj.bias vision_encoder.layers.0.mlp.lin1.weight
        vision_encoder.layers.0.mlp.lin2.bias
    """,
    "ultrafedfm_vit_base": """
        cls_token pos_embed patch_embed.proj.weight blocks.0.norm1.weight blocks.0.attn.qkv.weight
        blocks.0.attn.proj.bias blocks.11.mlp.fc2.bias
    """,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_names_of_other_publishers_become_those_of_the_encoder(name: str) -> None:
    card = shipped_registry().source(name)
    own = encoder_shapes(card.encoder or "", card.input.channels)
    assert own and card.weights
    renamed = {renamed_key(key, card.weights.rename) for key in PUBLISHED[name].split()}
    assert renamed <= set(own)


def test_only_facts_that_change_no_number_are_corrected_with_records() -> None:
    card = shipped_registry().source("imagenet_efficientnet_lite0").model_dump(mode="json")
    corrected = SourceCard.model_validate(card | {"title": "x", "recorded_with": {"title": "y"}})
    assert corrected.as_recorded == SourceCard.model_validate(card | {"title": "y"})
    with pytest.raises(ValidationError, match="recorded_with.encoder"):
        SourceCard.model_validate(card | {"recorded_with": {"encoder": "resnet18"}})
