"""Searches from given settings, the defaults of a model, and `RERANKED`."""

import argparse
import json

import pytest

from ecm_tf.config import (
    RERANKED,
    SearchConfig,
    add_search_options,
    parse_search,
    read_search_defaults,
    search_config,
)
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import write_manifest

OWN = {
    **{"rerank": "classifier", "block_words": "block_words.txt", "decoder": "sample"},
    **{"candidates": 8, "temperature": 0.5, "mmi_weight": 0.2, "no_repeat": 3},
}


def model_with(directory, settings):
    """Writes the manifest of a model directory with `search.json`."""
    directory.mkdir()
    text = settings if isinstance(settings, str) else json.dumps(settings)
    (directory / "search.json").write_text(text)
    write_manifest(directory, "model", files=["search.json"], settings={}, counts={}, sources={})
    return directory


@pytest.mark.parametrize(
    ("given", "defaults", "expected"),
    [
        ({}, {}, {}),
        ({}, OWN, {**RERANKED, **OWN}),
        ({"candidates": 2}, OWN, {**RERANKED, **OWN, "candidates": 2}),
        ({"rerank": "mine"}, {}, {**RERANKED, "rerank": "mine"}),
        ({"rerank": "mine"}, {"top_k": 5}, {**RERANKED, "top_k": 5, "rerank": "mine"}),
        ({"rerank": "mine"}, OWN, {**RERANKED, **OWN, "rerank": "mine"}),
        ({"rerank": None}, OWN, {**OWN, "rerank": None}),
        ({"block_words": None}, OWN, {**RERANKED, **OWN, "block_words": None}),
        ({"block_words": ["w"]}, OWN, {**RERANKED, **OWN, "block_words": ("w",)}),
        (
            {"decoder": "greedy"},
            OWN,
            {**RERANKED, **OWN, "decoder": "greedy", "rerank": None, "mmi_weight": 0.0},
        ),
        (
            {"candidates": 1},
            OWN,
            {**RERANKED, **OWN, "candidates": 1, "rerank": None, "mmi_weight": 0.0},
        ),
        ({"decoder": "beam"}, OWN, {**RERANKED, **OWN, "decoder": "beam"}),
    ],
)
def test_given_settings_win_over_the_model_and_the_model_over_general_defaults(
    given, defaults, expected
):
    assert search_config(given, defaults) == SearchConfig(**expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rerank": "mine", "decoder": "greedy"}, "rerank: expected a search with several"),
        ({"mmi_weight": 0.1, "decoder": "greedy"}, "mmi_weight: expected a search with several"),
        ({"beams": 3}, "unknown search settings beams; expected some of: decoder, beam_size"),
        ({"top_k": 0}, "top_k: expected an integer of at least 1"),
    ],
)
def test_given_settings_are_checked(given, message):
    with pytest.raises(InputError, match=message):
        search_config(given, OWN)


def test_defaults_of_a_model_directory(tmp_path):
    directory = model_with(tmp_path / "model", OWN)
    assert read_search_defaults(directory) == {
        **OWN,
        "rerank": str(directory / "classifier"),
        "block_words": str(directory / "block_words.txt"),
    }


def test_a_list_of_words_is_no_path(tmp_path):
    directory = model_with(tmp_path / "model", {"block_words": ["w"]})
    assert read_search_defaults(directory) == {"block_words": ["w"]}


def test_a_file_that_the_manifest_does_not_list_is_ignored(tmp_path):
    write_manifest(tmp_path, "model", files=[], settings={}, counts={}, sources={})
    (tmp_path / "search.json").write_text("{")
    assert read_search_defaults(tmp_path) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"search\.json: expected a JSON object of search settings"),
        ("[]", r"search\.json: expected a JSON object, got list"),
        ({"beams": 3}, r"search\.json: unknown search settings beams"),
        ({"top_k": 0}, r"search\.json: top_k: expected an integer"),
        ({"rerank": "/judge"}, r"search\.json: rerank: expected a path in .*model, got '/judge'"),
        ({"block_words": "../w"}, r"search\.json: block_words: expected a path in .* got '../w'"),
    ],
)
def test_wrong_defaults_are_reported_in_one_sentence(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read_search_defaults(model_with(tmp_path / "model", content))
    assert "\n" not in str(caught.value)


def parse(*flags, model=None, **options):
    parser = argparse.ArgumentParser()
    add_search_options(parser)
    return parse_search(parser, flags, model, **options)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--beam_size", "20"), "--beam_size: expected the decoder beam; this greedy search does"),
        (("--temperature", "0.7"), "--temperature: expected the decoder sample; this greedy"),
        (("--decoder", "beam", "--top_k", "5"), "--top_k: expected the decoder sample; this beam"),
        (("--emotion_weight", "2"), r"--emotion_weight: expected a classifier \(rerank\)"),
        (("--length_penalty", "1"), "--length_penalty: expected a search with several candidates"),
        (("--decoder", "sample", "--length_penalty", "1"), "--length_penalty: expected a search"),
        (("--decoder", "beam", "--diversity", "3"), "--diversity: expected several beam_groups"),
        (("--diversity", "3"), "--diversity: expected the decoder beam; this greedy search does"),
        (("--rerank", ""), "rerank: expected a name, got ''"),
    ],
)
def test_flags_that_the_search_does_not_use_are_refused(flags, message):
    """Also if they have the default value: who gives them expects an effect."""
    with pytest.raises(InputError, match=message):
        parse(*flags)


def test_a_command_may_use_a_beam_search_besides():
    assert parse("--beam_size", "2", also_beam=True).beam_size == 2
    assert parse("--length_penalty", "1", also_beam=True).length_penalty == 1
    with pytest.raises(InputError, match="--top_p: expected the decoder sample"):
        parse("--top_p", "0.5", also_beam=True)


def test_flags_win_over_the_defaults_of_the_model_directory(tmp_path):
    directory = model_with(tmp_path / "model", OWN)
    own = read_search_defaults(directory)
    assert parse(model=directory) == SearchConfig(**{**RERANKED, **own})
    assert parse() == SearchConfig()
    # A flag with its default value counts as given.
    flags = ("--candidates", "2", "--no_repeat", "0", "--no-block_words")
    changed = {"candidates": 2, "no_repeat": 0, "block_words": None}
    assert parse(*flags, model=directory) == SearchConfig(**{**RERANKED, **own, **changed})
    without = parse("--no-rerank", model=directory)
    assert without == SearchConfig(**{**own, "rerank": None})
    greedy = parse("--decoder", "greedy", model=directory)
    assert (greedy.reranks, greedy.block_words) == (False, own["block_words"])


def test_the_last_of_two_contradicting_flags_wins():
    assert parse("--no-rerank", "--rerank", "mine").rerank == "mine"
    assert parse("--rerank", "mine", "--no-rerank") == SearchConfig()
