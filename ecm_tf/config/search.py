"""How replies are searched for: decoder, its parameters, and the ranking of candidates."""

from dataclasses import dataclass
from pathlib import Path

from ecm_tf.config.base import Config
from ecm_tf.core.command import option


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
