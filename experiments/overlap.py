"""Counts the held-out pairs of a merged corpus whose dialogue is partly in its training pairs.

python -m experiments.overlap MERGED

MERGED is the output of `data_prep merge`, in which no held-out post is the post of a training pair.
A post may be the response of one, however, if pairs of one dialogue went to different splits.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from data_prep.merge.comparison import comparable
from ecm_tf.core.arguments import Parser
from ecm_tf.core.command import run
from ecm_tf.core.errors import InputError
from ecm_tf.report.tables import markdown_table, percent


def main(argv: list[str] | None = None) -> None:
    """Runs the command; see the module."""
    parser = Parser(prog="python -m experiments.overlap", description=__doc__)
    parser.add_argument("merged", type=Path, help="directory that `data_prep merge` writes to")
    merged = parser.parse_args(argv).merged
    held_out = sorted(merged.glob("dev-*.jsonl")) + sorted(merged.glob("test-*.jsonl"))
    if not held_out:
        raise InputError(f"{merged}: expected a corpus with dev or test pairs, got none.")
    posts, responses = map(set, zip(*_pairs(merged / "train.jsonl"), strict=True))
    rows = []
    for path in held_out:
        found = [(post in responses, response in posts) for post, response in _pairs(path)]
        shares = [
            sum(post for post, _ in found),
            sum(response for _, response in found),
            sum(post or response for post, response in found),
        ]
        rows.append([path.stem, len(found), *(percent(count / len(found)) for count in shares)])
    columns = ["post is a training response", "response is a training post", "either"]
    print(markdown_table(["part", "pairs", *columns], rows))


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            pair = json.loads(line)
            yield comparable(pair["post"]), comparable(pair["response"])


if __name__ == "__main__":
    run(main)
