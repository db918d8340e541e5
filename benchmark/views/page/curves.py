"""Validation curves as small pictures."""

from collections.abc import Sequence

Curve = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 120, 32


def sparkline(curves: Sequence[Curve]) -> str:
    """Validation Dice (0 at the bottom, 1 at the top) over the steps, a line a seed.

    Returns:
        A cell; its text, for those who do not see the picture, is the last value of each line.
    """
    curves = [curve for curve in curves if curve]
    if not curves:
        return '<td data-key="">–'
    longest = max(step for curve in curves for step, _ in curve) or 1
    paths = "".join(f'<path d="{_path(curve, longest)}"/>' for curve in curves)
    last = " ".join(f"{curve[-1][1]:.3f}" for curve in curves)
    label = f"validation Dice by step; at the last one {last}"
    return (
        f'<td data-key="{curves[0][-1][1]:.6g}">'
        f'<svg class="curve" role="img" aria-label="{label}">{paths}</svg> <small>{last}</small>'
    )


def _path(curve: Curve, longest: float) -> str:
    points = [(2 + (WIDTH - 4) * s / longest, HEIGHT - 2 - (HEIGHT - 4) * d) for s, d in curve]
    if len(points) == 1:
        points = [(2.0, points[0][1]), *points]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
