"""One colour an emotion, the same in every picture and on every page."""

# After Paul Tol's and Okabe-Ito's palettes, told apart by colour-blind eyes too. The first six suit
# the paper's categories: other grey, like green, sad blue, disgust purple, angry red, happy amber.
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
    """A hex colour for each category, in id order; after ten they repeat."""
    return [_PALETTE[id_ % len(_PALETTE)] for id_ in range(categories)]
