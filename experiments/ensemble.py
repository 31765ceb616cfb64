"""Scores the mean of the probabilities of several runs of `leave_one_out.sh`.

python -m experiments.ensemble DATA OUTPUT ENSEMBLE NAME…

The scores are written to OUTPUT/ENSEMBLE/SOURCE-scores, where `experiments.leave_one_out` finds them.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from data_prep.classifier.pipeline import evaluate_classifier
from data_prep.classifier.sources import find_sources
from data_prep.classifier.splits import LabelledSentences
from ecm_tf.text.emotion_classifier import EmotionClassifier

SOURCES = Path(__file__).parent / "emotion_sources" / "zh"


class Ensemble:
    """Classifiers whose probabilities are averaged."""

    def __init__(self, classifiers: list[EmotionClassifier]) -> None:
        self._classifiers = classifiers
        self.emotions = classifiers[0].emotions

    def probabilities(self, texts: list[str]) -> np.ndarray:
        """Returns float32 `(texts, categories)`."""
        return np.mean([each.probabilities(texts) for each in self._classifiers], axis=0)


data, output, ensemble, *names = sys.argv[1:]
for path in sorted(SOURCES.glob("*.toml")):
    directories = [Path(output) / name / path.stem for name in names]
    if not all((directory / "manifest.json").exists() for directory in directories):
        print(f"{path.stem}: not all of {', '.join(names)} are trained")
        continue
    average = Ensemble([EmotionClassifier(directory) for directory in directories])
    sentences = LabelledSentences.read(
        find_sources([path], average.emotions, Path(data)), average.emotions
    )
    split = sentences.split("all")
    scores = evaluate_classifier(average, split, sentences.groups(split))
    made = Path(output) / ensemble / f"{path.stem}-scores"
    made.mkdir(parents=True, exist_ok=True)
    (made / "scores.json").write_text(json.dumps({ensemble: asdict(scores)}), encoding="utf-8")
    print(f"{path.stem}: macro-F1 {scores.macro_f1:.4f}")
