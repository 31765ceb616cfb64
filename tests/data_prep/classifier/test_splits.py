"""Splits of labelled sentences, and the agreement of their labels."""

import json
from itertools import combinations

import numpy as np
import pytest

from data_prep.classifier.sources import find_sources
from data_prep.classifier.splits import LabelAgreement, LabelledSentences, label_agreement
from ecm_tf.core.errors import InputError
from ecm_tf.text.emotions import DEFAULT, Emotion, Emotions


def rows(texts, emotion=0) -> list[dict]:
    return [{"text": text, "emotion": emotion} for text in texts]


def read(paths, emotions, **options) -> LabelledSentences:
    return LabelledSentences.read(find_sources(paths, emotions), emotions, **options)


def test_split_fractions(write_jsonl):
    sentences = read([write_jsonl(rows(f"第{i}句" for i in range(4000)))], DEFAULT)
    sizes = {name: len(split.texts) for name, split in sentences.splits.items()}
    assert sum(sizes.values()) == 4000
    assert 330 < sizes["dev"] < 470
    assert 330 < sizes["test"] < 470


def test_splits_share_no_text_regardless_of_spaces(write_jsonl):
    texts = [f"第{i}句话" for i in range(500)]
    spaced = [" ".join(text) for text in texts] + [f"{text[:2]}\u3000{text[2:]}" for text in texts]
    paths = [write_jsonl(rows(texts), "a"), write_jsonl(rows(spaced, 3)[::-1], "b")]
    splits = read(paths, DEFAULT).splits
    seen = [{"".join(text.split()) for text in split.texts} for split in splits.values()]
    assert set.union(*seen) == set(texts)
    for one, other in combinations(seen, 2):
        assert not one & other
    for split in splits.values():
        assert sorted(split.target_ids) == [0] * (len(split.texts) // 3) + [3] * (
            2 * len(split.texts) // 3
        )


def test_texts_keep_their_emotions(write_jsonl):
    given = {f"第{i}句": i % 6 for i in range(300)}
    path = write_jsonl([{"text": text, "emotion": emotion} for text, emotion in given.items()])
    sentences = read([path], DEFAULT)
    everything = sentences.split("all")
    assert dict(zip(everything.texts, everything.target_ids, strict=True)) == given
    assert len(everything.texts) == 300
    dev = sentences.split("dev")
    assert dict(zip(dev.texts, dev.target_ids, strict=True)).items() < given.items()
    assert dev.labels.dtype == np.int32
    assert dev.labels.tolist() == dev.target_ids


def test_empty_split_is_rejected(write_jsonl):
    sentences = read([write_jsonl(rows(["好"]))], DEFAULT)
    (filled,) = (name for name, split in sentences.splits.items() if split.texts)
    assert sentences.split(filled).texts == sentences.split("all").texts == ["好"]
    for name in {"train", "dev", "test"} - {filled}:
        with pytest.raises(InputError, match=f"--sentences: .* the split {name}, got none"):
            sentences.split(name)
    with pytest.raises(InputError, match="the split all"):
        read([], DEFAULT).split("all")


XML = """<T><sentence opinionated="Y" emotion-1-type="fear">a</sentence>
<sentence opinionated="Y" emotion-1-type="surprise">b</sentence>
<sentence opinionated="Y" emotion-1-type="fear">c</sentence>
<sentence opinionated="Y" emotion-1-type="anger">d</sentence></T>"""


def test_unmapped_emotions_are_counted(tmp_path):
    paths = [tmp_path / "nlpcc.xml", tmp_path / "same.xml"]
    for path in paths:
        path.write_text(XML, encoding="utf-8")
    sentences = read(paths, DEFAULT)
    assert sentences.unmapped == {"fear": 4, "surprise": 2}
    assert sentences.split("all").texts == ["d", "d"]
    with_fear = read(paths, Emotions([Emotion("fear", "恐惧")]))
    assert with_fear.unmapped == {"surprise": 2, "anger": 2}


def test_bad_records_raise_or_are_counted(write_jsonl):
    path = write_jsonl([*rows(["好"]), *rows(["坏"], "joyful"), b"{", *rows(["行"])])
    with pytest.raises(InputError) as error:
        read([path], DEFAULT)
    assert str(error.value).startswith(f"{path}: line 2: unknown emotion 'joyful'")
    sentences = read([path], DEFAULT, skip_bad_records=True)
    assert sentences.skipped == 2
    assert sorted(sentences.split("all").texts) == sorted(["好", "行"])


def test_label_agreement_matches_brute_force():
    rng = np.random.default_rng(0)
    texts = [f"第 {i} 句" if i % 2 else f"第{i} 句" for i in rng.integers(0, 60, 200)]
    texts = [text.replace(" ", "") if rng.random() < 0.5 else text for text in texts]
    labels = rng.integers(0, 3, 200).tolist()
    pairs: dict[str, list[bool]] = {}
    for (one, a), (other, b) in combinations(zip(texts, labels, strict=True), 2):
        if one.replace(" ", "") == other.replace(" ", ""):
            pairs.setdefault(one.replace(" ", ""), []).append(a == b)
    assert len(pairs) > 30
    agreement = label_agreement(texts, labels)
    assert agreement.texts == len(pairs)
    assert agreement.share == pytest.approx(np.mean([np.mean(same) for same in pairs.values()]))
    json.dumps(agreement.share)


@pytest.mark.parametrize(
    ("texts", "labels", "expected"),
    [
        ([], [], LabelAgreement(0, None)),
        (["好", "坏"], [1, 1], LabelAgreement(0, None)),
        (["你好", "你 好", "坏"], [1, 1, 2], LabelAgreement(1, 1.0)),
        (["好", "好", "好"], [1, 2, 1], LabelAgreement(1, pytest.approx(1 / 3))),
    ],
)
def test_label_agreement(texts, labels, expected):
    assert label_agreement(texts, labels) == expected
