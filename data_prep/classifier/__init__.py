"""Emotion classifiers: reading labelled sentences, training, evaluation and saving."""
