import pytest

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core.errors import InputError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decoder": "best"}, "decoder: expected one of greedy, beam, sample, got 'best'"),
        ({"beam_size": 0}, "beam_size: expected an integer of at least 1, got 0"),
        ({"beam_size": 6, "beam_groups": 4}, r"beam_groups: expected a divisor of beam_size \(6\)"),
        ({"beam_groups": 0}, "beam_groups: expected an integer of at least 1, got 0"),
        ({"candidates": 0}, "candidates: expected an integer of at least 1, got 0"),
        ({"diversity": -1.0}, r"diversity: expected a number in \[0, 1000\], got -1.0"),
        ({"no_repeat": -1}, "no_repeat: expected an integer of at least 0, got -1"),
        ({"block_words": 3}, "block_words: expected the name of a file .* list of words, got 3"),
        ({"emotion_weight": -1.0}, r"emotion_weight: expected a number in \[0, 1000\], got -1.0"),
        ({"rerank": "judge"}, "rerank: expected a search with several .* has one, got 'judge'"),
        (
            {"decoder": "sample", "mmi_weight": 0.5},
            "mmi_weight: expected a search with several candidates to rank; sample search has one",
        ),
        ({"mmi_weight": 1.0}, r"mmi_weight: expected a number in \[0, 1\), got 1.0"),
        ({"temperature": 0.0}, r"temperature: expected a number in \[0.001, 1000\], got 0.0"),
        ({"temperature": 1e-39}, r"temperature: expected a number in \[0.001, 1000\], got 1e-39"),
        ({"length_penalty": 11.0}, r"length_penalty: expected a number in \[0, 10\], got 11.0"),
        ({"top_k": 0}, "top_k: expected an integer of at least 1, got 0"),
        ({"top_p": 0.0}, r"top_p: expected a number in \(0, 1\], got 0.0"),
        ({"seed": -1}, r"seed: expected an integer in \[0, 4294967295\], got -1"),
    ],
)
def test_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        SearchConfig(**settings)


def test_reranking_defaults_are_valid():
    config = SearchConfig(**RERANKED, rerank="judge")
    assert config.reranks
    assert config.num_candidates == 16


def test_block_words_survive_json():
    for block_words in ("words.txt", ["傻", "子"]):
        config = SearchConfig(block_words=block_words)
        assert SearchConfig.from_dict(config.to_dict()) == config
