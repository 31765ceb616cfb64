"""Pages for people: one HTML file that loads nothing, with its pictures inside and beside it."""

from ecm_tf.report.colours import emotion_colours
from ecm_tf.report.heat_map import emotion_labels, heat_map
from ecm_tf.report.pictures import FAINT, INK, QUIET, Picture, picture
from ecm_tf.report.rendering import render

__all__ = [
    "FAINT",
    "INK",
    "QUIET",
    "Picture",
    "emotion_colours",
    "emotion_labels",
    "heat_map",
    "picture",
    "render",
]
