"""Evaluations as a Markdown table, with the columns of the paper's Table 4 and more."""

from collections.abc import Sequence

from ecm_tf.evaluation.intervals import Estimate
from ecm_tf.evaluation.results import Evaluation
from ecm_tf.report.tables import markdown_table


def table(evaluations: Sequence[Evaluation]) -> str:
    """Returns a Markdown table with one row per evaluation.

    Numbers in parentheses are 95 % bootstrap intervals.

    Args:
        evaluations: of one or more models by the same judges on the same posts.
    """
    judges = list(evaluations[0].judges)
    headers = ["model", "perplexity", "per sentence"]
    if evaluations[0].relevance:
        headers += ["hits@1", "MRR"]
    headers += [f"accuracy ({judge})" for judge in judges]
    if judges:
        headers += [
            "distinct-1",
            "distinct-2",
            "entropy",
            "top 10",
            "log-probability",
            "words",
            "emotion words",
            "same reply",
            "BLEU",
        ]
        headers.append("replies/s")
    if len(judges) > 1:
        headers.append("judges agree")
    return markdown_table(headers, map(_row, evaluations))


def _row(evaluation: Evaluation) -> list[str]:
    row = [
        evaluation.label,
        _interval(evaluation.token_perplexity, 2),
        f"{evaluation.sentence_perplexity:.2f}",
    ]
    if evaluation.relevance:
        row += [_interval(x, 3) for x in (evaluation.relevance.hits_at_1, evaluation.relevance.mrr)]
    row += [scores.accuracy.text(3) for scores in evaluation.judges.values()]
    if evaluation.replies:
        scores = evaluation.replies
        row += [
            f"{scores.distinct_1:.3f}",
            f"{scores.distinct_2:.3f}",
            f"{scores.entropy:.2f}",
            f"{scores.top_10:.3f}",
            f"{scores.mean_log_prob:.2f}",
            f"{scores.mean_length:.1f}",
            "-" if scores.emotion_words is None else f"{scores.emotion_words:.3f}",
            f"{scores.same_reply:.3f}",
            f"{scores.bleu:.2f}",
            f"{evaluation.replies_per_second:.0f}",
        ]
    if evaluation.agreement is not None:
        row.append(f"{evaluation.agreement:.3f}")
    return row


def _interval(estimate: Estimate | None, digits: int) -> str:
    return "-" if estimate is None else estimate.text(digits)
