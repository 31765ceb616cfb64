"""Evaluations side by side, as the paper's Table 4 has them."""

from collections.abc import Sequence

from ecm_tf.evaluation.intervals import Figure
from ecm_tf.evaluation.model_evaluation import Evaluation
from ecm_tf.report.tables import markdown_table


def table(evaluations: Sequence[Evaluation]) -> str:
    """A Markdown table, a row a model; intervals are 95 % bootstrap intervals.

    Args:
        evaluations: of one or more models by the same judges on the same posts.
    """
    judges = list(evaluations[0].judges)
    head = ["model", "perplexity", "per sentence", *(f"accuracy ({judge})" for judge in judges)]
    if judges:
        head += ["distinct-1", "distinct-2", "nats", "words", "memory", "same", "BLEU", "replies/s"]
    if len(judges) > 1:
        head.append("judges agree")
    return markdown_table(head, map(_row, evaluations))


def _row(evaluation: Evaluation) -> list[str]:
    row = [
        evaluation.label,
        _figure(evaluation.token_perplexity, 2),
        f"{evaluation.sentence_perplexity:.2f}",
        *(_figure(judged.accuracy, 3) for judged in evaluation.judges.values()),
    ]
    if evaluation.replies:
        scores = evaluation.replies
        row += [
            f"{scores.distinct_1:.3f}",
            f"{scores.distinct_2:.3f}",
            f"{scores.nats:.2f}",
            f"{scores.mean_length:.1f}",
            "-" if scores.memory is None else f"{scores.memory:.3f}",
            f"{scores.same:.3f}",
            f"{scores.bleu:.2f}",
            f"{evaluation.replies_per_second:.0f}",
        ]
    if evaluation.agreement is not None:
        row.append(f"{evaluation.agreement:.3f}")
    return row


def _figure(figure: Figure, digits: int) -> str:
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}–{figure.high:.{digits}f})"
