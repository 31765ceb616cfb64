"""The colour of each emotion, the same in all pictures and on all pages."""

# After the palettes of Paul Tol and Okabe-Ito, which colour-blind readers can distinguish. The
# first six are for the paper's categories: other grey, like green, sad blue, disgust purple, angry
# red, happy amber.
_PALETTE = (
    "#7b8794",
    "#2a9d6f",
    "#4477aa",
    "#9b4f96",
    "#d1495b",
    "#e0a526",
    "#33a6c4",
    "#b5651d",
    "#6a5acd",
    "#8a9a2b",
)


def emotion_colours(categories: int) -> list[str]:
    """Returns a hex colour for each category, in id order; they repeat after ten."""
    return [_PALETTE[id_ % len(_PALETTE)] for id_ in range(categories)]
