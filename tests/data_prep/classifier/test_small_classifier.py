"""Classifiers with small vocabularies and embeddings in int8."""

import pytest
import tensorflow as tf

from data_prep.__main__ import main
from data_prep.classifier.settings import ClassifierSettings
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest
from ecm_tf.text.emotion_classifier import EmotionClassifier


@pytest.mark.usefixtures("small_networks")
def test_a_small_classifier_predicts_as_well(toy, tmp_path):
    texts, labels = toy(300, 6)
    rows = [f"{text},{label}" for text, label in zip(texts, labels, strict=True)]
    (tmp_path / "sentences.csv").write_text("\n".join(["text,emotion", *rows, ""]), "utf-8")
    options = {
        "--sentences": tmp_path / "sentences.csv",
        **{"--output": tmp_path / "small", "--workers": 1, "--segmenter": "whitespace"},
        **{"--epochs": 6, "--batch_size": 16, "--learning_rate": 0.01},
        **{"--weights": "int8", "--max_bigrams": 20, "--max_words": 12},
    }
    flags = [str(part) for option in options.items() for part in option]
    main(["classifier", "train", *flags])
    settings = read_manifest(tmp_path / "small", "classifier")["settings"]
    assert [settings[name] for name in ("weights", "max_bigrams", "max_words")] == ["int8", 20, 12]

    reader = tf.train.load_checkpoint(str(tmp_path / "small/saved_model/variables/variables"))
    types = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()
    int8 = sorted(shapes[name] for name in types if types[name] == tf.int8)
    assert int8 == [[14, 16], [16, 16], [22, 16]], "14 characters, 20 bigrams, 12 words"

    texts, labels = toy(120, 6, seed=1)
    probabilities = EmotionClassifier(tmp_path / "small").probabilities(texts)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9


def test_naive_bayes_has_no_embeddings():
    with pytest.raises(InputError, match=r"weights: expected float32 for naive_bayes, .*'int8'"):
        ClassifierSettings(network="naive_bayes", weights="int8")
