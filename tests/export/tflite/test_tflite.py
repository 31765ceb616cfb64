"""TensorFlow Lite files: made here, run with LiteRT, and compared with the model."""

import dataclasses
import random
import re
import sys

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from markdown_rows import table_rows
from random_weights import randomize

from data_prep.build.segmentation import unigram_model
from ecm_tf.core.errors import InputError
from ecm_tf.core.manifest import read_manifest
from ecm_tf.decoding.search import Search
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model, new_model, save_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.processor import TextProcessor
from ecm_tf.text.vocabulary import PAD, SPECIALS
from export.tflite import conversion
from export.tflite.__main__ import main
from export.tflite.conversion import convert
from export.tflite.files import IDS, SCHEMES, TEXT
from export.tflite.interpreter import Interpreter
from export.tflite.text import CompactText

POSTS = [
    "我的猫会握手",
    "",
    "今天天气真好，周末去哪里玩",
    "他 又 迟到 了",
    "囧😀",
    " \t\n",
    "猫" * 5000,
    "a" * 100_000,
    "球队赢了3比0 ok",
    b"\xff\xfe\xfd",
    "_EOS _GO _PAD",
]
RAW = [post if isinstance(post, bytes) else post.encode() for post in POSTS]
WIDE = {
    "size": 48,
    "embedding_size": 40,
    "emotion_size": 8,
    "imemory_size": 16,
    "buckets": [[8, 6], [16, 8]],
}
"""Large enough for the converter to store weights in fewer bits; short, so that tests are fast."""


def save_random(directory, assets, config):
    """A model directory with weights so far from zero that it says many different things."""
    model = randomize(new_model(config, assets), seed=3, scale=0.4)
    save_model(directory, model, assets, settings={}, counts={}, sources={})
    return directory


@pytest.fixture(scope="module")
def wide_dir(model_dir, tmp_path_factory):
    model, assets = load_model(model_dir)
    config = dataclasses.replace(model.config, **WIDE)
    return save_random(tmp_path_factory.mktemp("wide") / "model", assets, config)


@pytest.fixture(scope="module")
def responder(wide_dir):
    return Responder(*load_model(wide_dir))


@pytest.fixture(scope="module")
def made(wide_dir, tmp_path_factory):
    """A directory of files for every scheme."""
    parent = tmp_path_factory.mktemp("tflite")
    return {scheme: convert(wide_dir, parent / scheme, scheme) for scheme in SCHEMES}


def expected(responder, posts, emotions):
    """Greedy replies and their texts, for each post in each emotion."""
    rows = tf.repeat(tf.constant(posts, tf.string), len(emotions))
    replies = responder.replies(rows, tf.tile(emotions, [len(posts)]), Search())
    best = tf.nest.map_structure(lambda entry: entry[:, 0], replies)
    return best, responder.texts(best).numpy().tolist()


def operations(file):
    """Builtin operations by number, and the names of custom ones."""
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    codes = [
        (max(code.builtinCode, code.deprecatedBuiltinCode), code.customCode)
        for code in model.operatorCodes
    ]
    custom = {name.decode() for code, name in codes if code == schema.BuiltinOperator.CUSTOM}
    return {code for code, _ in codes} - {schema.BuiltinOperator.CUSTOM}, custom


def stored_types(file):
    """Dtypes of the tensors that have stored values of more than a thousand numbers."""
    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    return {
        tensor.type
        for graph in model.subgraphs
        for tensor in graph.tensors
        if model.buffers[tensor.buffer].data is not None and np.prod(tensor.shape) > 1000
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_ids_need_builtin_operations_only(made, scheme):
    builtin, custom = operations(made[scheme] / IDS)
    assert custom == set()
    assert schema.BuiltinOperator.WHILE in builtin


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_needs_the_tokenizer_beside_them(made, scheme):
    _, custom = operations(made[scheme] / TEXT)
    assert custom == {"TFText>FastSentencepieceTokenize", "TFText>FastSentencepieceDetokenize"}


@pytest.mark.parametrize("file", [IDS, TEXT])
def test_weights_are_stored_as_the_scheme_says(made, file):
    types = schema.TensorType
    assert types.FLOAT32 in stored_types(made["none"] / file)
    assert types.FLOAT16 not in stored_types(made["none"] / file)
    assert types.FLOAT16 in stored_types(made["float16"] / file)
    assert types.FLOAT32 not in stored_types(made["float16"] / file)
    assert types.INT8 in stored_types(made["dynamic"] / file)


def test_ids_are_the_models(made, responder):
    interpreter = Interpreter(made["none"] / IDS)
    emotions = list(range(6))
    for post in RAW:
        want, _ = expected(responder, [post], emotions)
        ids = responder.post_ids(tf.constant([post] * 6)).numpy()
        found = interpreter(ids, emotions)
        np.testing.assert_array_equal(found["ids"], want.ids)
        np.testing.assert_array_equal(found["lengths"], want.lengths)
        np.testing.assert_allclose(found["scores"], want.scores, rtol=1e-4)


def test_texts_are_the_models(made, responder):
    interpreter = Interpreter(made["none"] / TEXT)
    for post in RAW:
        want, texts = expected(responder, [post], list(range(6)))
        found = interpreter([post] * 6, range(6))
        assert found["response"].tolist() == texts, post[:20]
        np.testing.assert_allclose(found["score"], want.scores, rtol=1e-4)
    assert len(set(expected(responder, RAW, list(range(6)))[1])) > 20, "a test of many replies"


@pytest.mark.parametrize("file", [IDS, TEXT])
def test_any_batch_of_any_length(made, responder, file):
    """One interpreter, asked for one, many and one again."""
    interpreter = Interpreter(made["none"] / file)
    for rows in ([0], [1, 2, 6, 3], [2], [7, 8, 0, 1, 2, 3, 4, 5], [1]):
        posts = [RAW[row] for row in rows]
        emotion = [row % 6 for row in rows]
        want = responder.answer(tf.constant(posts), tf.constant(emotion), Search())
        if file == TEXT:
            found = interpreter(posts, emotion)["response"].tolist()
        else:
            found = interpreter(responder.post_ids(tf.constant(posts)).numpy(), emotion)
            found = responder.text.response_text(found["ids"], found["lengths"]).numpy().tolist()
        assert found == want.texts[:, 0].numpy().tolist()


@pytest.mark.parametrize(("scheme", "least"), [("float16", 0.9), ("dynamic", 0.5)])
@pytest.mark.parametrize("file", [IDS, TEXT])
def test_fewer_bits_change_few_replies(made, responder, scheme, least, file):
    """Even of a model that knows nothing, whose choices are close to one another."""
    interpreter = Interpreter(made[scheme] / file)
    _, texts = expected(responder, RAW, list(range(6)))
    rows = np.repeat(np.array(RAW, object), 6)
    emotion = np.tile(range(6), len(RAW))
    if file == TEXT:
        found = interpreter(rows, emotion)["response"].tolist()
    else:
        found = interpreter(responder.post_ids(tf.constant(rows)).numpy(), emotion)
        found = responder.text.response_text(found["ids"], found["lengths"]).numpy().tolist()
    assert np.mean([a == b for a, b in zip(found, texts, strict=True)]) >= least


ENGLISH = TextAssets(
    post_words=[*SPECIALS, "the", "cat", "sat", "s", "0th", "don't", "猫"],
    response_words=[*SPECIALS, "a", "cat", ".", "is", "猫"],
    emotions=DEFAULT,
    external_memory=[[], ["cat"], [], [], [], ["a"]],
    normalize_digits=True,
    tokenizer_model=None,
)
WORDS = {"我": 50, "的": 40, "猫": 30, "我的": 30, "T恤": 20, "恤": 1, "卡拉OK": 9, "OK": 7, "▁": 2}
CHINESE = TextAssets(
    post_words=[
        *SPECIALS,
        "我",
        "的",
        "猫",
        "T恤",
        "a",
        "ab",
        "abc",
        "b",
        "cab0",
        "OK",
        "OKab",
        "卡拉OK",
    ],
    response_words=[*SPECIALS, "我", "猫", "ok", "a", "b-a", "，", "b", "T恤", "0", "-"],
    emotions=DEFAULT,
    external_memory=[[]] * 6,
    normalize_digits=True,
    tokenizer_model=unigram_model(WORDS, set("".join(WORDS))),
)
PARTS = {
    "English": ["the", "cat", "sat", "s", "7th", "don't", "猫", "x", "😀"],
    "Chinese": ["我", "的", "猫", "T恤", "a", "b", "c", "ab", "1", "OK", "卡拉", "囧", "x", "。"],
}
SPACES = ["", "", " ", "  ", "\t", "\u3000", "\u200b", "\xa0", "\r\n"]
BY_LANGUAGE = {"English": ENGLISH, "Chinese": CHINESE}


def awkward(language, number=500):
    """Texts of known and unknown words, with and without all kinds of spaces."""
    chance = random.Random(1)
    parts = PARTS[language]
    return [
        "".join(chance.choice(parts) + chance.choice(SPACES) for _ in range(chance.randrange(12)))
        for _ in range(number)
    ]


@pytest.mark.parametrize("language", BY_LANGUAGE)
@pytest.mark.parametrize("digits", [True, False])
def test_compact_text_reads_as_the_tokenizer_does(language, digits):
    assets = dataclasses.replace(BY_LANGUAGE[language], normalize_digits=digits)
    texts = tf.constant([*awkward(language), *(post for post in RAW if b"\0" not in post)])
    want = TextProcessor(assets).post_matrix(texts, 1, 9).numpy()
    found = CompactText(assets, 1, 9).post_ids(texts).numpy()
    for text, row, ids in zip(texts.numpy(), want.tolist(), found.tolist(), strict=True):
        assert ids == row, text.decode(errors="replace")
    assert len(np.unique(want)) >= len(assets.post_words) - 3, "a test of words that are known"


@pytest.mark.parametrize("language", BY_LANGUAGE)
def test_compact_text_writes_as_the_detokenizer_does(language):
    assets = BY_LANGUAGE[language]
    chance = np.random.default_rng(2)
    lengths = chance.integers(0, 7, [400]).astype("int32")
    ids = chance.integers(len(SPECIALS), len(assets.response_words), [400, 6])
    ids = np.where(np.arange(6) < lengths[:, None], ids, PAD).astype("int32")
    want = TextProcessor(assets).response_text(tf.constant(ids), tf.constant(lengths))
    found = CompactText(assets, 1, 9).reply_text(tf.constant(ids))
    assert found.numpy().tolist() == want.numpy().tolist()


def test_compact_text_has_the_width_that_it_is_told():
    text = CompactText(CHINESE, 4, 6)
    assert text.post_ids(tf.constant([""])).shape == [1, 4]
    assert text.post_ids(tf.constant(["我猫" * 9, "我"])).shape == [2, 6]


OTHERS = {
    "Seq2Seq of English": (ENGLISH, {"use_ememory": False}),
    "like the original": (CHINESE, {"mask_padding": False, "use_emb": True, "use_ememory": True}),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_models(model_dir, tmp_path, kind):
    assets, changes = OTHERS[kind]
    config = dataclasses.replace(
        load_model(model_dir)[0].config,
        post_vocabulary_size=len(assets.post_words),
        response_vocabulary_size=len(assets.response_words),
        use_emb=False,
        use_imemory=False,
        buckets=[[3, 4], [6, 5]],
    )
    config = dataclasses.replace(config, **changes)
    train_dir = save_random(tmp_path / "model", assets, config)
    responder = Responder(*load_model(train_dir))
    posts = awkward("English" if assets is ENGLISH else "Chinese", 40)
    emotion = [row % 6 for row in range(40)]
    want = responder.answer(tf.constant(posts), tf.constant(emotion), Search()).texts[:, 0]
    directory = convert(train_dir, tmp_path / "lite")
    raw = [post.encode() for post in posts]
    assert Interpreter(directory / TEXT)(raw, emotion)["response"].tolist() == want.numpy().tolist()
    ids = responder.post_ids(tf.constant(posts)).numpy()
    found = Interpreter(directory / IDS)(ids, emotion)
    texts = responder.text.response_text(found["ids"], found["lengths"])
    assert texts.numpy().tolist() == want.numpy().tolist()


def test_the_directory_is_complete(made, wide_dir):
    for scheme, directory in made.items():
        manifest = read_manifest(directory, "tflite")
        assert manifest["settings"] == {"quantize": scheme}
        assert {IDS, TEXT, "config.json", "assets/text.json"} <= manifest["files"].keys()
        assert manifest["counts"]["bytes"][IDS] == (directory / IDS).stat().st_size
        assert list(manifest["sources"]) == [str(wide_dir)]
    assert {path.name for path in made["none"].parent.iterdir()} == set(SCHEMES)


def test_run_answers_with_either_file(made, responder, capsys):
    posts = ["我的猫会握手", "今天天气真好"]
    _, texts = expected(responder, posts, list(range(6)))
    want = []
    for number, post in enumerate(posts):
        replies = texts[6 * number : 6 * number + 6]
        pairs = zip(DEFAULT.names, replies, strict=True)
        want += [post, *(f"{name}: {reply.decode()}" for name, reply in pairs)]
    for file in (made["none"], made["none"] / TEXT, made["none"] / IDS):
        main(["run", str(file), *posts])
        assert capsys.readouterr().out.splitlines() == want
    main(["run", str(made["none"]), posts[0], "--emotion", "喜欢"])
    assert capsys.readouterr().out.splitlines() == [want[0], want[2]]


def test_run_wants_what_convert_made(made, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (TEXT, IDS):
        (copy / name).write_bytes(b"half")
    for path, message in {
        tmp_path / "nothing": "no such file",
        made["none"] / "config.json": "expected a directory of export.tflite",
        copy: "expected a finished tflite directory",
    }.items():
        with pytest.raises(InputError, match=message):
            main(["run", str(path), "你好"])
    with pytest.raises(InputError, match="unknown emotion 'joyful'"):
        main(["run", str(made["none"]), "你好", "--emotion", "joyful"])


def test_a_changed_file_is_not_run(made, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in made["none"].rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(made["none"])
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    (copy / TEXT).write_bytes(b"half")
    with pytest.raises(InputError, match="changed since its manifest was written"):
        main(["run", str(copy), "你好"])


def test_without_the_package_one_sentence_says_what_to_install(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match=re.escape("pip install 'ecm-tf[tflite]'")):
        main(["run", str(made["none"]), "你好"])


def test_convert_refuses_what_exists_and_leaves_it(wide_dir, tmp_path):
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(InputError, match="exists already"):
        main(["convert", "--train_dir", str(wide_dir), "--output", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_nothing_half_written_looks_finished(wide_dir, tmp_path, monkeypatch):
    def fail(*_, custom, **__):
        if custom:
            raise OSError("disk full")
        return b"half"

    monkeypatch.setattr(conversion, "_converted", fail)
    with pytest.raises(OSError, match="disk full"):
        convert(wide_dir, tmp_path / "lite")
    assert not (tmp_path / "lite").exists()


def test_compare_measures_every_file(model_dir, dataset, monkeypatch, capsys):
    monkeypatch.setattr("export.tflite.comparison.SCHEMES", {"none": ""})
    main(["compare", "--train_dir", str(model_dir), "--dataset", str(dataset), "--posts", "3"])
    rows = table_rows(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["file", "none, ids", "none, text"]
    for row in rows[1:]:
        figures = r"[\d.]+ MB, \d+ ms, [\d.]+ ms, \d+ MB, 100.00%"
        assert re.fullmatch(figures, ", ".join(row[1:]))


def test_compare_wants_a_number_of_posts(model_dir, dataset):
    flags = ["--train_dir", str(model_dir), "--dataset", str(dataset), "--posts", "0"]
    with pytest.raises(InputError, match="--posts: expected at least 1, got 0"):
        main(["compare", *flags])
