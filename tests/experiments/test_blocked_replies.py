"""`experiments.blocked_replies`, on a model with random weights."""

from collections import Counter

import pytest
from eager_runs import eager_execution
from markdown_rows import table_rows

import ecm_tf
from experiments import blocked_replies


@pytest.mark.parametrize(
    ("word", "matching", "others"),
    [
        ("傻子", ["大傻子", "傻子!"], ["傻 子", "聪明"]),
        ("ass", ["ass", "My ASS.", "smart-ass", "你ass吗"], ["class", "assign", "ass0"]),
        ("kick ass", ["they kick ass"], ["kick", "kick asses"]),
        ("f**k", ["f**k!"], ["fk", "ffk"]),
    ],
)
def test_pattern(word, matching, others):
    pattern = blocked_replies.blocked_pattern([word, "其他"])
    assert [text for text in [*matching, *others] if pattern.search(text)] == matching


def test_counts_replies_with_a_blocked_word(model_dir, dataset, tmp_path, capsys):
    bot = ecm_tf.load(model_dir)
    texts = [reply.text for reply in bot.replies("你好")]
    word = Counter("".join(texts)).most_common(1)[0][0]
    (tmp_path / "words.txt").write_text(f"# frequent\n{word}\n", encoding="utf-8")
    with eager_execution():
        blocked_replies.main(
            [
                *("--train_dir", str(model_dir), "--dataset", str(dataset)),
                *("--block_words", str(tmp_path / "words.txt"), "--posts", "2", "--n_best", "1"),
            ]
        )
    *_, allowed, blocked = table_rows(capsys.readouterr().out)
    assert allowed[:2] == ["no", "12"] and int(allowed[3]) > 0
    assert blocked[:2] == ["yes", "12"] and blocked[3] == "0"
