"""The table and the sentences of the demo: what helps has an interval above 0."""

import pandas as pd

from benchmark.views.demo import demo_sentences, demo_table
from benchmark.views.text import fit_table

NAN = float("nan")
COLUMNS = ["target", "source", "score", "gain", "gain_low", "gain_high"]
ROWS = pd.DataFrame(
    [
        ("phantom_brain_anatomy_64", "demo_brain_segmentation", 0.77, 0.41, 0.3, 0.5),
        ("phantom_brain_anatomy_64", "scratch", 0.36, NAN, NAN, NAN),
        ("phantom_brain_anatomy_64", "imagenet_efficientnet_lite0", 0.34, -0.02, -0.1, 0.1),
        ("phantom_fetal_head_64", "scratch", 0.78, NAN, NAN, NAN),
        ("phantom_fetal_head_64", "demo_brain_segmentation", 0.46, -0.32, -0.5, -0.2),
    ],
    columns=COLUMNS,
)


def test_only_an_interval_beside_0_is_an_effect() -> None:
    assert list(demo_sentences(ROWS)) == [
        "On phantom_brain_anatomy_64, demo_brain_segmentation helps; no gain or loss is shown for "
        "imagenet_efficientnet_lite0.",
        "On phantom_fetal_head_64, demo_brain_segmentation harms.",
    ]


def test_the_table_fits_80_columns_with_every_name_whole() -> None:
    lines = fit_table(demo_table(ROWS), 80)
    assert max(map(len, lines)) <= 80 and "…" not in "".join(lines)
    assert "  demo_brain_segmentation" in lines[2] and "+0.41 [+0.30, +0.50]" in lines[2]
    assert len(lines) == 1 + 2 + len(ROWS)
