"""Sizes and modules of a model; the defaults are the paper's."""

from dataclasses import dataclass

from ecm_tf.config.base import Config
from ecm_tf.core.command import option

Buckets = tuple[tuple[int, int], ...]
"""(post length, response length) in tokens, ascending. The last is the most the model sees."""

ORIGINAL_BUCKETS: Buckets = ((12, 12), (16, 16), (20, 20), (30, 30))


@dataclass(frozen=True)
class ModelConfig(Config):
    """Sizes and modules of an `ECM`.

    The three modules are off unless asked for, as in the original program: without any of them the
    model is the paper's Seq2Seq; with `use_emb` alone its Emb; with all three its ECM.
    """

    post_vocabulary_size: int
    response_vocabulary_size: int
    categories: int
    size: int = option(256, "units of every GRU layer")
    num_layers: int = option(2, "GRU layers of encoder and decoder, at least 1")
    embedding_size: int = option(100, "size of a word vector")
    emotion_size: int = option(100, "size of an emotion category's vector")
    imemory_size: int = option(256, "size of the internal memory")
    use_emb: bool = option(False, "emotion embedding: the category's vector feeds every step")
    use_imemory: bool = option(False, "internal memory: an emotional state that speaking uses up")
    use_ememory: bool = option(False, "external memory: choose between emotion and generic words")
    mask_padding: bool = option(
        True, "whether padding is masked; the original program runs over it (--no-mask_padding)"
    )
    buckets: Buckets = ORIGINAL_BUCKETS

    def __post_init__(self) -> None:
        sizes = ("size", "num_layers", "embedding_size", "emotion_size", "imemory_size")
        for name in (*sizes, "categories"):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        for name in ("post_vocabulary_size", "response_vocabulary_size"):
            self._require(getattr(self, name) >= 4, name, "at least the 4 specials")
        flat = [length for bucket in self.buckets for length in bucket]
        ascending = all(
            a[0] <= b[0] and a[1] <= b[1] and a != b
            for a, b in zip(self.buckets, self.buckets[1:], strict=False)
        )
        self._require(
            bool(flat) and min(flat) >= 2 and ascending,
            "buckets",
            "ascending (post, response) lengths of at least 2",
        )

    @property
    def max_post_length(self) -> int:
        """Tokens of a post that the model sees; what follows is cut."""
        return self.buckets[-1][0]

    @property
    def least_post_length(self) -> int:
        """Width that a batch of posts has at least, so that attention has something to look at."""
        return 1 if self.mask_padding else self.max_post_length

    @property
    def max_response_length(self) -> int:
        """Decoder steps, of which the last can only be the end of the reply."""
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
