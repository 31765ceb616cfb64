"""Unlabelled texts as more examples: what several teachers make of them is learned from.

Knowledge distillation (Hinton et al. 2015) from an ensemble: teachers that err differently are
together better than each, and a network that sees their probabilities for many more texts comes
near them at the cost of one.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import tensorflow as tf
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tqdm import tqdm

from data_prep.classifier.features import STARTS
from data_prep.classifier.settings import ClassifierSettings
from data_prep.classifier.training import Examples, channel_counts, fit, predict
from data_prep.corpus import Labelling, read_pairs
from data_prep.files import BadRecord
from data_prep.spool import stop

TEACHERS = ("convolution", "bilstm")


def unlabelled_texts(
    paths: Iterable[Path], limit: int, *, skip_bad_records: bool = False
) -> list[str]:
    """Posts and responses of corpora, each once, at most `limit`; which ones is a matter of hash.

    Raises:
        InputError: a file is no corpus or, unless they are skipped, a record is bad.
    """

    def texts() -> Iterator[str]:
        for path in paths:
            for pair in read_pairs(path, Labelling(emotions=None, required=False)):
                if isinstance(pair, BadRecord):
                    if not skip_bad_records:
                        stop(pair)
                else:
                    yield pair.post
                    yield pair.response

    def place(text: str) -> bytes:
        return blake2b(text.encode(), digest_size=8).digest()

    chosen: dict[bytes, str] = {}
    for text in tqdm(texts(), "reading", unit=" texts", disable=None):
        chosen[place(text)] = text
        if len(chosen) >= 2 * limit:
            chosen = {key: chosen[key] for key in sorted(chosen)[:limit]}
    return [chosen[key] for key in sorted(chosen)[:limit]]


def taught(
    sizes: Sequence[int],
    train: Examples,
    dev: Examples,
    unlabelled: tf.RaggedTensor,
    settings: ClassifierSettings,
) -> Examples:
    """Texts with the mean of the teachers' probabilities.

    Args:
        sizes: ids of each channel of the features.
        train: what the teachers learn from.
        dev: what tells them when to stop.
        unlabelled: int32 `(texts, None, 4)`.
        settings: how to train them.
    """
    opinions = [predict(fit(name, sizes, train, dev, settings), unlabelled) for name in TEACHERS]
    print("training a linear model over characters, bigrams and words", flush=True)
    opinions.append(_linear(sizes, train, unlabelled))
    return Examples(unlabelled, np.mean(opinions, axis=0))


def _linear(sizes: Sequence[int], train: Examples, unlabelled: tf.RaggedTensor) -> np.ndarray:
    def bags(ids: tf.RaggedTensor) -> object:
        return hstack([channel_counts(ids, c, sizes[c]) for c in range(STARTS)]).tocsr()

    model = make_pipeline(TfidfTransformer(sublinear_tf=True), LogisticRegression(max_iter=500))
    labels = train.targets.argmax(1)
    model.fit(bags(train.ids), labels)
    probabilities = np.zeros([unlabelled.nrows(), train.targets.shape[1]], np.float32)
    probabilities[:, np.unique(labels)] = model.predict_proba(bags(unlabelled))
    return probabilities
