"""Results of an evaluation, as plain data."""

from dataclasses import dataclass, field

from ecm_tf.evaluation.intervals import Estimate
from ecm_tf.evaluation.relevance import Relevance
from ecm_tf.evaluation.scores import EmotionScores, ReplyScores
from ecm_tf.inference.explanation import Explanation


@dataclass(frozen=True)
class Evaluation:
    """Results of one model with one search.

    Attributes:
        label: name in tables: the model, and the search if several are compared.
        model: name of the model directory.
        variant: the paper's name for the model's modules.
        weights: number of trainable weights of the model.
        token_perplexity: perplexity per token of the split's responses.
        sentence_perplexity: perplexity as the original program reports it: the exponential of the
            mean over responses of the mean nats per token.
        perplexity_by_emotion: perplexity per token of the responses of each category; `None`
            without responses.
        relevance: hits@1 and mean reciprocal rank; `None` if they were not measured.
        search: short description of the search; this and all that follow are empty or `None` if no
            replies were generated.
        judges: emotion scores by the name of the judge.
        agreement: fraction of replies for which the first two judges predict the same emotion;
            `None` with fewer judges.
        replies: scores that do not depend on a judge.
        replies_per_second: speed of decoding in batches on this machine.
    """

    label: str
    model: str
    variant: str
    weights: int
    token_perplexity: Estimate
    sentence_perplexity: float
    perplexity_by_emotion: list[float | None]
    relevance: Relevance | None = None
    search: str | None = None
    judges: dict[str, EmotionScores] = field(default_factory=dict)
    agreement: float | None = None
    replies: ReplyScores | None = None
    replies_per_second: float | None = None


@dataclass(frozen=True)
class Sample:
    """A post with the explanations of a model's replies to it.

    Attributes:
        post: the post.
        texts: one reply per emotion; a single one for a model without emotion modules.
        explanations: what the model computed for each of them.
    """

    post: str
    texts: list[str]
    explanations: list[Explanation]


@dataclass(frozen=True)
class Measurement:
    """Results of one model with one search, and samples of the replies behind them."""

    evaluation: Evaluation
    samples: list[Sample]
