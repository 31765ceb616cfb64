"""Settings of a model, a training run and a search, as JSON; the defaults are the paper's."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from ecm_tf.command import option
from ecm_tf.errors import InputError

Buckets = tuple[tuple[int, int], ...]
"""(post length, response length) in tokens, ascending. The last is the most the model sees."""

ORIGINAL_BUCKETS: Buckets = ((12, 12), (16, 16), (20, 20), (30, 30))


@dataclass(frozen=True)
class Config:
    """What every configuration can: to and from JSON, checks in one sentence."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, by field name."""
        return msgspec.json.decode(msgspec.json.encode(dataclasses.asdict(self)))

    def save(self, path: Path) -> None:
        """Writes the fields as a JSON object."""
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str = "configuration") -> Self:
        """Checks names, types and ranges.

        Args:
            values: as `to_dict` gives them.
            source: what error messages call the place they come from.

        Raises:
            InputError: an unknown or missing field, a value of the wrong type or out of range.
        """
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise InputError(f"{source}: unknown settings {unknown}.")
        try:
            return msgspec.convert(values, cls)
        except (InputError, msgspec.ValidationError) as error:
            said = str(error).rstrip(".")
            raise InputError(f"{source}: {said}.") from error

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: no such file, not JSON, or not these settings.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file; expected {cls.__name__} as JSON.") from error
        except ValueError as error:
            raise InputError(f"{path}: expected a JSON object; {error}.") from error
        if not isinstance(values, dict):
            raise InputError(f"{path}: expected a JSON object, got {type(values).__name__}.")
        return cls.from_dict(values, str(path))

    def _require(self, condition: bool, name: str, expected: str) -> None:
        if not condition:
            raise InputError(f"{name}: expected {expected}, got {getattr(self, name)!r}.")


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


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a model is trained. The defaults are the original program's where it has the flag."""

    batch_size: int = option(128, "pairs a step")
    epochs: int = option(20, "passes over the training pairs")
    optimizer: str = option("sgd", "sgd is the original's", choices=("sgd", "adam"))
    learning_rate: float = option(0.5, "of the first step; 0.5 suits sgd, 0.001 adam")
    learning_rate_decay_factor: float = option(
        0.99, "applied at a checkpoint whose training loss is above that of the last three"
    )
    max_gradient_norm: float = option(5.0, "gradients are clipped together to this norm")
    steps_per_checkpoint: int = option(1000, "steps between dev evaluations and checkpoints")
    early_stopping: int = option(
        0, "stop after this many epochs without a better dev perplexity; 0 never stops early"
    )
    balance_emotions: bool = option(
        False, "draw every emotion equally often, as the original does, however rare it is"
    )
    single_emotion_batches: bool = option(
        False, "every batch has one emotion, drawn from those there are, as the original's have"
    )
    mixed_precision: str = option(
        "float32", "dtype of the matrix products", choices=("float32", "bfloat16", "float16")
    )
    seed: int = option(0, "of initial weights and of the order of the pairs")

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "steps_per_checkpoint"):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        for name in ("learning_rate", "max_gradient_norm"):
            self._require(getattr(self, name) > 0, name, "a positive number")
        decay = self.learning_rate_decay_factor
        self._require(0 < decay <= 1, "learning_rate_decay_factor", "a number in (0, 1]")
        self._require(self.early_stopping >= 0, "early_stopping", "0 or more epochs")
        self._require(self.optimizer in ("sgd", "adam"), "optimizer", "sgd or adam")
        precisions = ("float32", "bfloat16", "float16")
        self._require(self.mixed_precision in precisions, "mixed_precision", f"one of {precisions}")


@dataclass(frozen=True)
class SearchConfig(Config):
    """How replies are found. Greedy search is the default: fast, and the same reply every time."""

    decoder: str = option(
        "greedy",
        "greedy: the likeliest word at every step; beam: the likeliest whole replies; sample: "
        "words drawn by their probability",
        choices=("greedy", "beam", "sample"),
    )
    beam_size: int = option(20, "beams kept, of --decoder beam")
    beam_groups: int = option(
        1, "diverse beam search: so many groups of beams, each kept from what the others say"
    )
    diversity: float = option(
        1.0, "nats that a word costs for each time that an earlier group says it now"
    )
    candidates: int = option(1, "replies drawn by --decoder sample, of which the best is said")
    temperature: float = option(1.0, "of sampling; below 1 prefers probable words")
    top_k: int | None = option(None, "sample from this many words only")
    top_p: float | None = option(None, "sample from the likeliest words up to this sum")
    seed: int | None = option(None, "of sampling; the same seed, the same replies")
    no_repeat: int = option(0, "no reply says so many words in a row twice; 0 lets it")
    length_penalty: float = option(
        0.0, "replies rank by log-probability / words ** this; 1 is the mean, which favours long"
    )
    mmi_weight: float = option(
        0.0,
        "against dull replies: takes so much of a reply's log-probability without any post off "
        "its rank (below 1)",
    )
    rerank: str | None = option(
        None,
        "an emotion classifier, made by `data_prep classifier train`: the log-probability with "
        "which it hears the emotion asked for counts in a reply's rank. With it, the best of 16 "
        "samples is the default, without dull or repeated words; each flag given counts",
        metavar="CLASSIFIER",
    )
    emotion_weight: float = option(1.0, "how much it counts")

    def __post_init__(self) -> None:
        decoders = ("greedy", "beam", "sample")
        self._require(self.decoder in decoders, "decoder", f"one of {decoders}")
        for name in ("beam_size", "beam_groups", "candidates"):
            self._require(getattr(self, name) >= 1, name, "at least 1")
        self._require(
            self.beam_size % self.beam_groups == 0,
            "beam_groups",
            f"a divisor of beam_size ({self.beam_size})",
        )
        self._require(self.temperature > 0, "temperature", "a positive number")
        self._require(self.top_k is None or self.top_k >= 1, "top_k", "at least 1")
        self._require(self.top_p is None or 0 < self.top_p <= 1, "top_p", "a number in (0, 1]")
        for name in ("diversity", "length_penalty", "no_repeat", "emotion_weight"):
            self._require(getattr(self, name) >= 0, name, "0 or more")
        self._require(0 <= self.mmi_weight < 1, "mmi_weight", "a number in [0, 1)")
        for name in ("rerank", "mmi_weight"):
            self._require(
                not getattr(self, name) or self.number > 1,
                name,
                f"several replies to choose from, while {self.decoder} finds one",
            )

    @property
    def number(self) -> int:
        """How many replies the search finds for each post."""
        return {"greedy": 1, "beam": self.beam_size, "sample": self.candidates}[self.decoder]

    @property
    def reranks(self) -> bool:
        """Whether something but the model's own probability of a reply counts."""
        return bool(self.rerank or self.mmi_weight)

    @property
    def name(self) -> str:
        """The settings in a few words."""
        return ", ".join([*self._decoder_name(), *self._ranking_name()])

    def _decoder_name(self) -> list[str]:
        names = {"greedy": "greedy", "beam": f"beam {self.beam_size}"}
        if self.decoder == "sample":
            drawn = f"best of {self.candidates} samples" if self.candidates > 1 else "sample"
            names["sample"] = f"{drawn} at {self.temperature:g}"
        parts = [names[self.decoder]]
        if self.decoder == "beam" and self.beam_groups > 1:
            parts.append(f"{self.beam_groups} groups at {self.diversity:g}")
        if self.decoder == "sample":
            parts += [f"top-k {self.top_k}"] if self.top_k else []
            parts += [f"top-p {self.top_p:g}"] if self.top_p else []
        return parts + ([f"no {self.no_repeat} words twice"] if self.no_repeat else [])

    def _ranking_name(self) -> list[str]:
        parts = [f"length {self.length_penalty:g}"] if self.length_penalty else []
        parts += [f"MMI {self.mmi_weight:g}"] if self.mmi_weight else []
        if self.rerank:
            parts.append(f"{Path(self.rerank).name} {self.emotion_weight:g}")
        return parts


RERANKED = {
    "decoder": "sample",
    "candidates": 16,
    "temperature": 0.7,
    "top_k": 40,
    "seed": 0,
    "no_repeat": 2,
    "length_penalty": 1.0,
    "mmi_weight": 0.3,
}
"""The search of a user who has a classifier to rerank with; `docs/results.md` says why."""

PRESETS = {
    "original": {
        "mask_padding": False,
        "buckets": [list(bucket) for bucket in ORIGINAL_BUCKETS],
        "single_emotion_batches": True,
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "learning_rate_decay_factor": 0.99,
        "max_gradient_norm": 5.0,
        "batch_size": 128,
        "mixed_precision": "float32",
    }
}
"""Sets of settings by name; `original` trains as the original program does."""
