"""The Emotional Chatting Machine: encoder, decoder, and the model directory that stores it."""

from ecm_tf.model.ecm import ECM, INPUT_SIGNATURE

__all__ = ["ECM", "INPUT_SIGNATURE"]
