"""The Emotional Chatting Machine in TensorFlow 2 and Keras 3."""
