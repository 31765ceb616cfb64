"""Configuration of a search: the decoder, its parameters, and the ranking of candidates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from ecm_tf.config.base import Config
from ecm_tf.core.command import option
from ecm_tf.core.fields import NonNegativeInt, PositiveInt, Seed

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
"""Default settings of commands that are given a classifier (`--rerank`); `docs/results.md` gives
the measurements behind them."""

_Temperature = Annotated[float, Meta(ge=0.001, le=1000)]
_Weight = Annotated[float, Meta(ge=0, le=1000)]
_Exponent = Annotated[float, Meta(ge=0, le=10)]
"""Numbers far beyond these overflow float32, in which replies are ranked."""
_BlockWords = Annotated[
    str | tuple[str, ...], Meta(description="the name of a file of words, or a list of words")
]


@dataclass(frozen=True)
class SearchConfig(Config):
    """How replies are decoded and ranked. The default is greedy search: fast and deterministic."""

    decoder: Literal["greedy", "beam", "sample"] = option(
        "greedy",
        "greedy: the most probable word at each step; beam: beam search; sample: words drawn at "
        "random from the model's distribution",
    )
    beam_size: PositiveInt = option(20, "number of beams, for --decoder beam")
    beam_groups: PositiveInt = option(
        1,
        "diverse beam search: number of groups that the beams are divided into; must divide "
        "--beam_size",
    )
    diversity: _Weight = option(
        1.0,
        "with --beam_groups: penalty in nats for each beam of an earlier group that chose the same "
        "word at this step",
    )
    candidates: PositiveInt = option(
        1, "number of replies that --decoder sample draws; the best one is returned"
    )
    temperature: _Temperature = option(
        1.0, "sampling temperature; values below 1 favour probable words"
    )
    top_k: PositiveInt | None = option(None, "sample from the k most probable words only")
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = option(
        None, "sample from the smallest set of words whose probabilities sum to at least p"
    )
    seed: Seed | None = option(
        None,
        "random seed for sampling: the same seed gives the same reply to the same post (default: "
        "random)",
    )
    min_length: NonNegativeInt = option(
        1,
        "minimum number of words in a reply; 0 allows empty replies, as the original program does",
    )
    no_repeat: NonNegativeInt = option(
        0, "forbid repeating an n-gram of this length within a reply (0: off)"
    )
    block_words: _BlockWords | None = option(
        None,
        "file of words and phrases that no reply may contain, one per line; empty lines and lines "
        "that begin with # are ignored",
        type=str,
        metavar="FILE",
    )
    length_penalty: _Exponent = option(
        0.0,
        "rank replies by log-probability / (words + 1) ** length_penalty, where the 1 is the end "
        "token; 0: total log-probability, 1: mean per token, which favours longer replies",
    )
    mmi_weight: Annotated[float, Meta(ge=0, lt=1)] = option(
        0.0,
        "weight in [0, 1): subtracts weight × log P(reply | empty post) from the score, which "
        "demotes generic replies",
    )
    rerank: str | None = option(
        None,
        "directory of an emotion classifier made by `data_prep classifier train`: adds "
        "--emotion_weight × log P(requested emotion | reply) to the score. Sets the defaults "
        + " ".join(f"--{name} {value}" for name, value in RERANKED.items()),
        metavar="CLASSIFIER",
    )
    emotion_weight: _Weight = option(
        1.0, "with --rerank: weight of the classifier's log-probability of the requested emotion"
    )
    auto_weight: _Weight = option(
        0.5,
        "with emotion auto: the model chooses the emotion with the highest log P(emotion | post) + "
        "auto_weight × log P(reply | post, emotion) / (words + 1)",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            self.beam_size % self.beam_groups == 0,
            "beam_groups",
            f"a divisor of beam_size ({self.beam_size})",
        )
        for name in ("rerank", "mmi_weight"):
            self._require(
                not getattr(self, name) or self.num_candidates > 1,
                name,
                f"a search with several candidates to rank; {self.decoder} search has one",
            )

        for name in ("rerank", "block_words"):
            self._require(getattr(self, name) != "", name, "a name")

    @property
    def num_candidates(self) -> int:
        """Number of replies that the search produces for each post, before ranking."""
        return {"greedy": 1, "beam": self.beam_size, "sample": self.candidates}[self.decoder]

    @property
    def reranks(self) -> bool:
        """Whether the score includes more than the model's own log-probability of a reply."""
        return bool(self.rerank or self.mmi_weight)

    @property
    def name(self) -> str:
        """A short description of the settings, for tables and messages."""
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
        parts += [f"at least {self.min_length} words"] if self.min_length != 1 else []
        parts += [f"no repeated {self.no_repeat}-grams"] if self.no_repeat else []
        return parts + ([f"without {self._blocked_name}"] if self.block_words else [])

    @property
    def _blocked_name(self) -> str:
        if isinstance(self.block_words, str):
            return f"the words of {Path(self.block_words).name}"
        return f"{len(self.block_words or ())} blocked words"

    def _ranking_name(self) -> list[str]:
        ranks_by_length = self.length_penalty and self.num_candidates > 1
        parts = [f"length {self.length_penalty:g}"] if ranks_by_length else []
        parts += [f"MMI {self.mmi_weight:g}"] if self.mmi_weight else []
        if self.rerank:
            parts.append(f"{Path(self.rerank).name} {self.emotion_weight:g}")
        return parts
