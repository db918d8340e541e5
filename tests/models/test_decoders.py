"""Networks of the lanes dpt and linear, against segmentation-models-pytorch and by hand."""

import pytest
import torch
import torch.nn.functional as F
from support.networks import DPT, LINEAR, network_of, unet

from benchmark.cards.protocol import DptDecoder, LinearDecoder, UnetDecoder
from benchmark.errors import WeightsError
from benchmark.models.freezing import apply_strategy, parts
from benchmark.models.networks import parameter_counts
from benchmark.models.vision_libraries import smp, timm
from benchmark.models.weights import load_part

VIT = "tu-test_vit"


@pytest.mark.parametrize("size", [32, 64, 96])
@pytest.mark.parametrize("channels", [1, 3])
def test_dpt_is_that_of_segmentation_models_pytorch(size: int, channels: int) -> None:
    torch.manual_seed(0)
    ours = network_of(VIT, DPT, size, channels).eval()
    theirs = smp.DPT(
        VIT, encoder_weights=None, decoder_intermediate_channels=(8,) * 4,
        decoder_fusion_channels=8, in_channels=channels, classes=2, dynamic_img_size=True,
    ).eval()  # fmt: skip
    assert theirs.encoder._output_indices == ours.encoder.taken
    theirs.encoder.load_state_dict(ours.encoder.state_dict(), strict=False)
    theirs.decoder.load_state_dict(ours.decoder.dpt.state_dict())
    theirs.segmentation_head.load_state_dict(ours.head.state_dict())
    images = torch.rand(2, channels, size, size)
    with torch.inference_mode():
        torch.testing.assert_close(ours(images), theirs(images))
    unused = {name.split(".")[1] for name in theirs.encoder.state_dict()} - {
        name.split(".")[1] for name in ours.encoder.state_dict()
    }
    assert unused == {"fc_norm", "head", "norm"} & unused  # what gives no map is left out


@pytest.mark.parametrize("encoder", ["resnet18", "plain-unet", "monai-unetr", "tu-convnext_atto"])
def test_the_linear_head_of_a_pyramid(encoder: str) -> None:
    torch.manual_seed(0)
    channels = 1 if encoder.startswith("monai") else 3
    network = network_of(encoder, LinearDecoder(encoder="", maps=2), channels=channels).eval()
    images = torch.rand(2, channels, 64, 64)
    with torch.inference_mode():
        finer, coarse = network.features(images)[-2:]
        joined = torch.cat([finer, F.interpolate(coarse, finer.shape[2:], mode="bilinear")], 1)
        norm, convolution = network.head
        weight = convolution.weight[..., 0, 0]
        flat = F.linear(norm(joined).movedim(1, -1), weight, convolution.bias)
        expected = F.interpolate(flat.movedim(-1, 1), (64, 64), mode="bilinear")
        torch.testing.assert_close(network(images), expected)


def test_a_linear_head_forgets_the_initial_variance_of_its_normalisation() -> None:
    norm = network_of("resnet18", LinearDecoder(encoder="", maps=2)).head[0].train()
    batches = [1e-4 * torch.randn(8, norm.num_features, 4, 4) for _ in range(3)]
    for batch in batches:
        norm(batch)
    variances = torch.stack([batch.var((0, 2, 3)) for batch in batches])
    torch.testing.assert_close(norm.running_var, variances.mean(0))


def test_patches_of_a_vision_transformer_are_normalised_for_a_linear_head() -> None:
    network = network_of(VIT, LinearDecoder(encoder="", maps=3)).eval()
    maps = network.features(torch.rand(2, 3, 64, 64))
    assert [tuple(one.shape) for one in maps] == [(2, 64, 4, 4)] * 3
    model = network_of(VIT, LINEAR).encoder.model
    for one in maps:
        mean, variance = one.mean(1), one.var(1, unbiased=False)
        torch.testing.assert_close(mean, torch.zeros(2, 4, 4), atol=1e-5, rtol=0)
        torch.testing.assert_close(variance, torch.ones(2, 4, 4), atol=1e-2, rtol=0)
    assert len(model.blocks) == 6


@pytest.mark.parametrize("encoder", [VIT, "tu-test_vit2", "tu-test_vit_relpos", "resnet18"])
@pytest.mark.parametrize("decoder", [DPT, LINEAR, unet()])
def test_every_lane_gives_logits_of_the_image_or_says_which_lane_does(
    encoder: str, decoder: DptDecoder | LinearDecoder | UnetDecoder
) -> None:
    one_size = encoder != "resnet18"
    if isinstance(decoder, UnetDecoder) and one_size:
        with pytest.raises(WeightsError, match=r"no feature pyramid.*use lane dpt or linear$"):
            network_of(encoder, decoder)
    elif isinstance(decoder, DptDecoder) and not one_size:
        with pytest.raises(WeightsError, match=r"maps of several sizes.*use lane unet or linear$"):
            network_of(encoder, decoder)
    else:
        logits = network_of(encoder, decoder).eval()(torch.rand(2, 1, 64, 64))
        assert logits.shape == (2, 2, 64, 64) and logits.isfinite().all()


def test_patches_of_any_size_cover_as_many_pixels() -> None:
    """The grid of a model with patches of 14 pixels is that of one with patches of 16."""
    with torch.device("meta"):
        network = network_of("tu-vit_small_patch14_reg4_dinov2", DPT, 256)
        maps = network.features(torch.rand(1, 3, 256, 256))
        assert [tuple(one.shape) for one in maps] == [(1, 2 * 384, 16, 16)] * 4
        assert network(torch.rand(1, 3, 256, 256)).shape == (1, 2, 256, 256)


@pytest.mark.slow
@pytest.mark.parametrize(
    "encoder",
    ["samvit_base_patch16", "vit_base_patch16_dinov3", "vit_base_patch16_clip_224",
     "beit_base_patch16_224", "eva02_base_patch14_224", "vit_base_patch8_224",
     "vit_base_patch32_224", "vit_base_patch16_siglip_512", "deit3_base_patch16_224"],
)  # fmt: skip
def test_published_transformers_take_images_of_boards(encoder: str) -> None:
    with torch.device("meta"):
        for decoder in (DPT, LINEAR):
            network = network_of(f"tu-{encoder}", decoder, 96).eval()
            assert network(torch.rand(2, 1, 96, 96)).shape == (2, 2, 96, 96)


@pytest.mark.slow
@pytest.mark.parametrize(
    "encoder", ["swin_tiny_patch4_window7_224", "hiera_tiny_224", "maxvit_nano_rw_256",
                "efficientformerv2_s0", "gcvit_xxtiny"],
)  # fmt: skip
def test_pyramids_that_are_built_for_a_size_take_that_of_the_protocol(encoder: str) -> None:
    with torch.device("meta"):
        for size in (64, 96):
            network = network_of(f"tu-{encoder}", unet(), size).eval()
            assert network(torch.rand(2, 1, size, size)).shape == (2, 2, size, size)


def test_a_network_without_pyramid_says_so() -> None:
    with pytest.raises(WeightsError, match=r"'tu-pit_ti_224': gives no feature pyramid \(.+\); "):
        network_of("tu-pit_ti_224", unet())


def test_windows_of_swin_fit_its_weights_at_any_size() -> None:
    with torch.device("meta"):
        small, large = (
            {name: value.shape for name, value in network_of(
                "tu-swin_tiny_patch4_window7_224", unet(), size
            ).encoder.state_dict().items()}
            for size in (64, 256)
        )  # fmt: skip
    assert small == large


def test_parts_and_frozen_tensors_in_each_lane() -> None:
    dpt, linear = network_of(VIT, DPT), network_of(VIT, LINEAR)
    assert set(parts(dpt)) == {"encoder", "decoder", "head"} | {
        *(f"encoder.{n}" for n in range(6)), *(f"decoder.{n}" for n in range(4))
    }  # fmt: skip
    assert set(parts(linear)) == {"encoder", "decoder", "head", *(f"encoder.{n}" for n in range(6))}
    frozen = apply_strategy(linear, train=("head",), freeze_norm_stats=True)
    assert parameter_counts(linear)[1] == 2 * 64 + 64 * 2 + 2
    assert {name.partition(".")[0] for name in frozen.tensors} == {"encoder", "mean", "std"}
    apply_strategy(dpt, train=("encoder.5",), freeze_norm_stats=True)
    assert parameter_counts(dpt)[1] == parameter_counts(dpt.encoder.model.blocks[5])[0]


def test_weights_of_a_complete_transformer_cover_its_encoder_in_both_lanes() -> None:
    complete = {f"model.{k}": v for k, v in timm.create_model("test_vit").state_dict().items()}
    for decoder in (DPT, LINEAR):
        network = network_of(VIT, decoder, 96)
        coverage = load_part(network.encoder, complete, prefix="", name="vit")
        assert coverage.complete and coverage.parameter_share == 1.0
        assert {name.split(".")[1] for name in coverage.unused} <= {"norm", "head", "fc_norm"}
        assert network.encoder.model.pos_embed.equal(complete["model.pos_embed"])
