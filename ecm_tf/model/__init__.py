"""The Emotional Chatting Machine: encoder, decoder, and the model directory that stores it."""

from ecm_tf.model.ecm import BATCH, ECM

__all__ = ["BATCH", "ECM"]
