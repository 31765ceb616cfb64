"""Configuration of a model; the defaults are the paper's."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from ecm_tf.config.base import Config
from ecm_tf.core.command import option
from ecm_tf.core.fields import PositiveInt

_Length = Annotated[int, Meta(ge=2)]
_VocabularySize = Annotated[
    int, Meta(ge=4, description="an integer of at least 4, the number of special tokens")
]
_BUCKETS_RULE = "ascending (post, response) lengths of at least 2"

Buckets = tuple[tuple[int, int], ...]
"""Pairs of maximum post and response length, in tokens, ascending. Longer texts are cut to the
last pair."""

ORIGINAL_BUCKETS: Buckets = ((12, 12), (16, 16), (20, 20), (30, 30))


@dataclass(frozen=True)
class ModelConfig(Config):
    """Sizes and modules of an `ECM`.

    The three modules are off by default, as in the original program. Without any of them the model
    is the paper's Seq2Seq; with `use_emb` alone its Emb; with all three its ECM. The original
    program lacks `bidirectional_encoder`, `tie_embeddings` and `predict_emotion`, which are off by
    default.
    """

    post_vocabulary_size: _VocabularySize
    response_vocabulary_size: _VocabularySize
    categories: PositiveInt
    size: PositiveInt = option(256, "units of each GRU layer")
    num_layers: PositiveInt = option(2, "number of GRU layers in the encoder and in the decoder")
    embedding_size: PositiveInt = option(100, "dimension of word embeddings")
    emotion_size: PositiveInt = option(100, "dimension of emotion embeddings")
    imemory_size: PositiveInt = option(256, "dimension of the internal memory")
    use_emb: bool = option(
        False, "emotion embedding: the requested emotion's vector is an input of every decoder step"
    )
    use_imemory: bool = option(
        False, "internal memory: an emotion state that decays while the reply is generated"
    )
    use_ememory: bool = option(
        False,
        "external memory: at each step a gate chooses between emotion words and generic words",
    )
    bidirectional_encoder: bool = option(
        False,
        "each encoder layer reads the post in both directions; the encoder of the original program "
        "reads it from the last word to the first only",
    )
    tie_embeddings: bool = option(
        False,
        "the output layer's weights are the decoder's word vectors, after a projection from --size "
        "to --embedding_size where these differ; the original program has separate weights",
    )
    predict_emotion: bool = option(
        False,
        "predict the emotion of the reply from the post, so that the model can choose it "
        "(emotion auto); all other weights are trained exactly as without it; "
        "the original program predicts no emotion",
    )
    mask_padding: bool = option(
        True, "mask padding tokens; the original program does not mask them (--no-mask_padding)"
    )
    buckets: Annotated[
        tuple[tuple[_Length, _Length], ...], Meta(min_length=1, description=_BUCKETS_RULE)
    ] = ORIGINAL_BUCKETS

    def __post_init__(self) -> None:
        super().__post_init__()
        ascending = all(a[0] <= b[0] and a[1] <= b[1] and a != b for a, b in pairwise(self.buckets))
        self._require(ascending, "buckets", _BUCKETS_RULE)

    @property
    def max_post_length(self) -> int:
        """Maximum length of a post, in tokens; longer posts are cut."""
        return self.buckets[-1][0]

    @property
    def min_post_length(self) -> int:
        """Minimum width of a batch of posts, in tokens; attention needs at least one position."""
        return 1 if self.mask_padding else self.max_post_length

    @property
    def max_response_length(self) -> int:
        """Maximum number of decoder steps, the step of the end token included."""
        return self.buckets[-1][1]

    @property
    def variant(self) -> str:
        """The paper's name for this choice of modules."""
        modules = (self.use_emb, self.use_imemory, self.use_ememory)
        return {
            (False, False, False): "Seq2Seq",
            (True, False, False): "Emb",
            (True, True, True): "ECM",
            (False, True, True): "ECM w/o Emb",
            (True, False, True): "ECM w/o IMem",
            (True, True, False): "ECM w/o EMem",
            (False, True, False): "IMem alone",
            (False, False, True): "EMem alone",
        }[modules]


def add_buckets(parser: argparse.ArgumentParser, default: Sequence[tuple[int, int]]) -> None:
    """Adds `--buckets "12,12 16,16 …"`, which is parsed to a list of [post, response] lengths."""
    shown = " ".join(f"{post},{response}" for post, response in default)
    parser.add_argument(
        "--buckets",
        type=_buckets,
        default=[list(bucket) for bucket in default],
        metavar="POST,RESPONSE …",
        help="maximum post and response lengths, in tokens, of the groups that batches are drawn "
        "from, as one argument in ascending order; longer texts are cut to the last pair "
        f'(default: "{shown}")',
    )


def _buckets(text: str) -> list[list[int]]:
    try:
        pairs = [pair.split(",") for pair in text.split()]
        return [[int(post), int(response)] for post, response in pairs]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'expected "12,12 16,16 …", got {text!r}') from error
