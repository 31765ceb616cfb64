"""Reports: self-contained HTML pages, pictures, and tables as text."""

from ecm_tf.report.colours import emotion_colours
from ecm_tf.report.heat_map import emotion_labels, heat_map
from ecm_tf.report.pictures import (
    GRID_COLOUR,
    LABEL_COLOUR,
    TEXT_COLOUR,
    Picture,
    ascii_label,
    picture,
)
from ecm_tf.report.rendering import render

__all__ = [
    "GRID_COLOUR",
    "LABEL_COLOUR",
    "TEXT_COLOUR",
    "Picture",
    "ascii_label",
    "emotion_colours",
    "emotion_labels",
    "heat_map",
    "picture",
    "render",
]
