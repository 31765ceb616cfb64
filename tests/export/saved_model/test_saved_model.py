"""The SavedModel: exported here, used in a process that knows nothing of this package."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import command_line
import fake_classifier
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from ecm_tf.config import RERANKED, SearchConfig
from ecm_tf.core.errors import InputError
from ecm_tf.decoding.search import Search
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.internals import explain
from ecm_tf.inference.responder import Responder
from ecm_tf.model.directory import load_model
from ecm_tf.text.emotions import DEFAULT
from export.ask import main as ask
from export.saved_model.__main__ import main
from export.saved_model.exporter import export
from export.saved_model.model_info import CARD
from export.saved_model.warmup import WARMUP

BEAMS, N_BEST = 4, 3
POSTS = ["我的猫会握手", "我 的 猫 会 握手", "今天天气真好", "他又迟到了"]
EMOTIONS = ["like", "喜欢", "5", " Sad "]
HARD = {
    "empty": b"",
    "blank": b" \t\n",
    "controls": b"\x00\x07",
    "invalid": b"\xff\xfe\xe4\xbd",
    "unknown": "囧😀".encode(),
    "long": "猫".encode() * 100_000,
    "long ascii": b"a" * 100_000,
}

CLIENT = """
import json, sys
import tensorflow as tf
import tensorflow_text

with open(sys.argv[1]) as file:
    version, posts, emotions, hard = json.load(file)
hard = [bytes.fromhex(post) for post in hard]
signatures = tf.saved_model.load(version).signatures
result = {"posts": {}, "errors": {}, "hard": {}, "empty": {}, "signatures": {}}

def decoded(entry):
    if isinstance(entry, list):
        return [decoded(e) for e in entry]
    return entry.decode("utf-8", "strict") if isinstance(entry, bytes) else entry

def plain(outputs):
    return {
        name: {
            "dtype": value.dtype.name,
            "shape": value.shape.as_list(),
            "values": decoded(value.numpy().tolist()),
            "finite": not value.dtype.is_floating
            or bool(tf.reduce_all(tf.math.is_finite(value))),
        }
        for name, value in outputs.items()
    }

def ask(name, posts, emotions):
    more = {} if name == "all_emotions" else {"emotion": tf.constant(emotions, tf.string)}
    return plain(signatures[name](post=tf.constant(posts, tf.string), **more))

for name, signature in signatures.items():
    inputs = signature.structured_input_signature[1]
    result["signatures"][name] = {
        "in": {key: [spec.dtype.name, spec.shape.as_list()] for key, spec in inputs.items()},
        "out": {key: [spec.dtype.name, spec.shape.rank]
                for key, spec in signature.structured_outputs.items()},
    }
    result["posts"][name] = ask(name, posts, emotions)
    result["empty"][name] = ask(name, [], [])
    result["hard"][name] = ask(name, hard, ["3"] * len(hard))
for emotion in ("joyful", "", "6"):
    for name in ("serving_default", "n_best"):
        try:
            ask(name, posts[:1], [emotion])
        except tf.errors.InvalidArgumentError as error:
            result["errors"][f"{name} {emotion}"] = str(error)
result["foreign"] = [
    name for name in sys.modules
    if name.split(".")[0] in ("ecm_tf", "export", "data_prep", "jieba")
]
print("RESULT" + json.dumps(result))
"""


@pytest.fixture(scope="module")
def base(model_dir, tmp_path_factory):
    """A directory of versions: two."""
    base = tmp_path_factory.mktemp("exported") / "base"
    first = export(model_dir, base, search=SearchConfig(beam_size=BEAMS), n_best=N_BEST)
    assert first == base / "1"
    shutil.copytree(first, base / "7")
    (base / "notes").mkdir()
    return base


@pytest.fixture(scope="module")
def client(base, tmp_path_factory):
    """What a bare process gets from the model."""
    directory = tmp_path_factory.mktemp("client")
    (directory / "client.py").write_text(CLIENT, encoding="utf-8")
    asked = [str(base / "1"), POSTS, EMOTIONS, [post.hex() for post in HARD.values()]]
    (directory / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    done = command_line.python("client.py", "asked.json", cwd=directory)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout.decode().split("RESULT", 1)[1])


@pytest.fixture(scope="module")
def responder(model_dir):
    return Responder(*load_model(model_dir))


def test_the_client_imports_nothing_of_this_package(client):
    assert client["foreign"] == []


def test_signatures(client):
    text = ["string", [None]]
    assert client["signatures"] == {
        "serving_default": {
            "in": {"post": text, "emotion": text},
            "out": {"response": ["string", 1], "score": ["float32", 1]},
        },
        "all_emotions": {
            "in": {"post": text},
            "out": {"emotion": ["string", 2], "response": ["string", 2], "score": ["float32", 2]},
        },
        "n_best": {
            "in": {"post": text, "emotion": text},
            "out": {"response": ["string", 2], "score": ["float32", 2]},
        },
        "explain": {
            "in": {"post": text, "emotion": text},
            "out": {
                **{"response": ["string", 1], "score": ["float32", 1]},
                **{"post_tokens": ["string", 2], "words": ["string", 2]},
                **{"emotion_words": ["bool", 2], "attention": ["float32", 3]},
                **{"gate": ["float32", 2], "memory": ["float32", 2]},
            },
        },
    }


SHAPES = {"serving_default": [], "all_emotions": [6], "n_best": [N_BEST]}


@pytest.mark.parametrize("signature", SHAPES)
@pytest.mark.parametrize(("asked", "rows"), [("posts", 4), ("hard", len(HARD)), ("empty", 0)])
def test_every_post_gets_its_row(client, signature, asked, rows):
    outputs = client[asked][signature]
    for output in outputs.values():
        assert output["shape"] == [rows, *SHAPES[signature]]
        assert output["finite"]
    assert np.all(np.array(outputs["score"]["values"]) <= 0)


@pytest.mark.parametrize(("asked", "rows"), [("posts", 4), ("hard", len(HARD)), ("empty", 0)])
def test_explanations_are_as_wide_whatever_is_explained(client, responder, asked, rows):
    config = responder.model.config
    post, response = config.max_post_length, config.max_response_length
    widths = {
        **{"response": [], "score": [], "post_tokens": [post], "words": [response]},
        **{"emotion_words": [response], "attention": [response, post]},
        **{"gate": [response], "memory": [response + 1]},
    }
    outputs = client[asked]["explain"]
    assert {name: output["shape"] for name, output in outputs.items()} == {
        name: [rows, *width] for name, width in widths.items()
    }
    assert all(output["finite"] for output in outputs.values())


def test_explanations_are_of_what_serving_default_says(client, responder):
    found = {name: output["values"] for name, output in client["posts"]["explain"].items()}
    assert found["response"] == client["posts"]["serving_default"]["response"]["values"]
    vocabulary = responder.text.assets.response_words
    for place, (post, emotion) in enumerate(zip(POSTS, EMOTIONS, strict=True)):
        inside = Explanation.of_row({name: values[place] for name, values in found.items()})
        said = [vocabulary.index(word) for word in inside.words if word != "_EOS"]
        id_ = responder.emotions.id_of(emotion)
        expected = explain(responder, post, id_, said)
        assert (inside.post, inside.words) == (expected.post, expected.words)
        np.testing.assert_allclose(inside.attention, expected.attention, atol=1e-5)
        np.testing.assert_allclose(inside.gate, expected.gate, atol=1e-5)
        np.testing.assert_allclose(inside.memory, expected.memory, atol=1e-5)
        assert inside.emotion_words.tolist() == expected.emotion_words.tolist()


def test_serving_default_is_greedy_search(client, responder):
    outputs = client["posts"]["serving_default"]
    answers = responder.answer(tf.constant(POSTS), tf.constant([1, 1, 5, 2]), Search())
    assert outputs["response"]["values"] == [text.decode() for (text,) in answers.texts.numpy()]
    scores = answers.scores[:, 0]
    np.testing.assert_allclose(outputs["score"]["values"], scores, rtol=1e-4)


def test_names_in_both_languages_and_ids_mean_the_same(client):
    everything = client["posts"]["all_emotions"]["response"]["values"]
    chosen = client["posts"]["serving_default"]["response"]["values"]
    assert chosen == [everything[row][id_] for row, id_ in enumerate([1, 1, 5, 2])]
    assert everything[0] == everything[1], "raw and pre-split Chinese"


def test_all_emotions_names_them_in_order(client, responder):
    outputs = client["posts"]["all_emotions"]
    assert outputs["emotion"]["values"] == [DEFAULT.names] * 4
    answers = responder.answer_all(tf.constant(POSTS), Search())
    scores = answers.scores[..., 0]
    np.testing.assert_allclose(outputs["score"]["values"], scores, rtol=1e-4)


def test_n_best_is_beam_search(client, responder):
    outputs = client["posts"]["n_best"]
    search = Search(SearchConfig(decoder="beam", beam_size=BEAMS), N_BEST)
    answers = responder.answer(tf.constant(POSTS), tf.constant([1, 1, 5, 2]), search)
    assert outputs["response"]["values"] == [
        [text.decode() for text in row] for row in answers.texts.numpy()
    ]
    np.testing.assert_allclose(outputs["score"]["values"], answers.scores, rtol=1e-4)
    scores = np.array(outputs["score"]["values"])
    assert (np.diff(scores, axis=1) <= 0).all(), "best first"


def test_unknown_emotions_are_refused_with_the_allowed_ones(client):
    errors = client["errors"]
    assert len(errors) == 6, sorted(errors)
    for message in errors.values():
        for id_, emotion in enumerate(DEFAULT):
            assert f"{id_} {emotion.name}" in message


def test_no_operation_calls_python(base):
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((base / "1" / "saved_model.pb").read_bytes())
    (meta,) = graph.meta_graphs
    operations = {node.op for node in meta.graph_def.node} | {
        node.op for function in meta.graph_def.library.function for node in function.node_def
    }
    assert "SentencepieceTokenizeOp" in operations
    assert [name for name in operations if "PyFunc" in name] == []


def test_saved_model_cli_shows_it(base, tmp_path):
    tool = Path(sys.executable).with_name("saved_model_cli")
    done = subprocess.run(
        [tool, "show", "--dir", base / "1", "--all"],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=command_line.environment(),
        timeout=120,
    )
    shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    for name in SHAPES:
        assert f"signature_def['{name}']" in shown
    for words in ("inputs['post']", "inputs['emotion']", "outputs['response']", "outputs['score']"):
        assert words in shown
    assert "post:0" in shown


def test_ask_prints_a_line_for_every_emotion(base, capsys):
    ask([str(base / "1"), POSTS[0], POSTS[3]])
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[7]] == [POSTS[0], POSTS[3]]
    for answer in (lines[1:7], lines[8:]):
        assert [line.split(": ", 1)[0] for line in answer] == DEFAULT.names


def test_ask_wants_a_saved_model(base):
    with pytest.raises(InputError, match="expected a SavedModel directory"):
        ask([str(base), POSTS[0]])


def test_the_command_makes_the_next_version(model_dir, base, capsys):
    """The newest is 7; what is no number does not count."""
    flags = ["--beam_size", "2", "--n_best", "2"]
    main(["--train_dir", str(model_dir), "--output", str(base), *flags])
    assert capsys.readouterr().out.startswith(f"{base / '8'}: ")
    assert {path.name for path in base.iterdir()} == {"1", "7", "8", "notes"}
    loaded = tf.saved_model.load(str(base / "8")).signatures["n_best"]
    replies = loaded(post=tf.constant(POSTS[:1]), emotion=tf.constant(["0"]))["response"]
    assert replies.shape == [1, 2]
    shutil.rmtree(base / "8")


def test_an_existing_version_is_refused_and_stays(model_dir, base):
    before = (base / "7" / "saved_model.pb").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        export(model_dir, base, 7)
    assert (base / "7" / "saved_model.pb").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_best": 5, "search": SearchConfig(beam_size=4)}, r"n_best: expected 1 to 4, .*got 5"),
        ({"n_best": 0}, "n_best: expected 1 to 1, .*got 0"),
        ({"version": 0}, "--version: expected a positive number, got 0"),
        ({"version": -1}, "--version: expected a positive number, got -1"),
    ],
)
def test_wrong_numbers_are_refused(model_dir, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        export(model_dir, tmp_path / "base", **arguments)
    assert not (tmp_path / "base").exists()


def warmup_requests(version):
    records = tf.data.TFRecordDataset(str(version / WARMUP))
    logs = [PredictionLog.FromString(record.numpy()) for record in records]
    return [log.predict_log.request for log in logs]


def test_warmup_requests_cover_every_signature_and_are_answered(base):
    signatures = tf.saved_model.load(str(base / "1")).signatures
    asked = warmup_requests(base / "1")
    assert {request.model_spec.signature_name for request in asked} == set(signatures)
    for request in asked:
        inputs = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
        (batch,) = {len(value) for value in inputs.values()}
        outputs = signatures[request.model_spec.signature_name](**inputs)
        assert {value.shape[0] for value in outputs.values()} == {batch}
    assert len(asked) == 2 * len(signatures) <= 1000


def test_the_model_card(base, model_dir):
    card = json.loads((base / "1" / CARD).read_text(encoding="utf-8"))
    assert [category["name"] for category in card["categories"]] == DEFAULT.names
    manifest = json.loads((model_dir / "manifest.json").read_text())
    assert card["made_from"] == manifest["sources"] and len(card["made_from"]["dataset"]) == 64
    assert card["metrics"] == manifest["counts"]
    assert (card["variant"], card["search"]["name"], card["search"]["n_best"]) == (
        "ECM",
        "greedy",
        3,
    )
    assert card["sizes"]["size"] == 8
    assert card["versions"]["tensorflow"] == tf.__version__


def test_requests_can_be_batched_together(base, emotionally_reranked):
    """What a server that batches relies on: a row is answered as if it were alone."""
    for version in (base / "1", emotionally_reranked):
        for name, signature in tf.saved_model.load(str(version)).signatures.items():
            more = {} if name == "all_emotions" else {"emotion": tf.constant(EMOTIONS)}
            together = signature(post=tf.constant(POSTS), **more)
            for row in range(len(POSTS)):
                rows = slice(row, row + 1)
                given = {key: value[rows] for key, value in more.items()}
                alone = signature(post=tf.constant(POSTS[rows]), **given)
                for key, value in alone.items():
                    if value.dtype == tf.string:
                        assert np.array_equal(value[0], together[key][row])
                    else:
                        np.testing.assert_allclose(value[0], together[key][row], rtol=1e-4)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    return fake_classifier.make(tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="module")
def emotionally_reranked(model_dir, judge, tmp_path_factory):
    """A version whose replies a classifier chooses."""
    base = tmp_path_factory.mktemp("reranked")
    flags = ("--rerank", judge, "--emotion_weight", 50, "--candidates", 6, "--n_best", 2)
    main(["--train_dir", str(model_dir), "--output", str(base), *map(str, flags)])
    return base / "1"


def test_a_frozen_search_with_a_classifier_inside(emotionally_reranked, judge, responder):
    settings = {**RERANKED, "candidates": 6, "rerank": str(judge), "emotion_weight": 50.0}
    search = Search(SearchConfig(**settings), 2)
    expected = responder.answer(tf.constant(POSTS), tf.constant([1, 1, 5, 2]), search)
    shutil.move(judge, judge.with_name("away"))
    try:
        signatures = tf.saved_model.load(str(emotionally_reranked)).signatures
        asked = {"post": tf.constant(POSTS), "emotion": tf.constant(EMOTIONS)}
        several = signatures["n_best"](**asked)["response"].numpy()
        best = signatures["serving_default"](**asked)["response"].numpy()
    finally:
        shutil.move(judge.with_name("away"), judge)
    assert several.tolist() == expected.texts.numpy().tolist()
    assert best.tolist() == several[:, 0].tolist()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_in_half_precision(model_dir, base, responder, tmp_path, dtype):
    half = export(model_dir, tmp_path, dtype=dtype)

    def answers(version):
        signature = tf.saved_model.load(str(version)).signatures["all_emotions"]
        return signature(post=tf.constant(POSTS))["score"].numpy()

    whole, stored = answers(base / "1"), answers(half)
    assert not np.array_equal(whole, stored)
    np.testing.assert_allclose(stored, whole, rtol=0.05)
    weights = sorted(tuple(weight.shape) for weight in responder.model.weights)
    for version, expected in ((base / "1", "float32"), (half, dtype)):
        reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
        shapes = reader.get_variable_to_shape_map()
        dtypes = reader.get_variable_to_dtype_map()
        variables = [name for name in shapes if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
        assert sorted(tuple(shapes[name]) for name in variables) == weights, "each is stored once"
        assert {dtypes[name].name for name in variables} == {expected}
    assert json.loads((half / CARD).read_text())["weights"]["stored_as"] == dtype


def test_an_unfinished_model_is_refused(model_dir, tmp_path):
    unfinished = shutil.copytree(model_dir, tmp_path / "model")
    (unfinished / "manifest.json").unlink()
    with pytest.raises(InputError, match="expected a finished model directory"):
        export(unfinished, tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_nothing_half_written_looks_finished(model_dir, tmp_path, monkeypatch):
    def fail(self, path, **_):
        (Path(path) / "saved_model.pb").write_bytes(b"half")
        raise OSError("disk full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="disk full"):
        archive = type(keras.export.ExportArchive())  # the backend's own
        patch.setattr(archive, "write_out", fail)
        patch.setattr(archive, "add_endpoint", lambda *_, **__: None)
        export(model_dir, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_keras_file_holds_the_model_too(model_dir, responder, tmp_path):
    responder.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(responder.model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.config == responder.model.config
    posts, emotions = tf.constant(POSTS), tf.constant([1, 1, 5, 2])
    answers = Responder(loaded, responder.text.assets).answer(posts, emotions, Search())
    expected = responder.answer(posts, emotions, Search())
    assert answers.texts.numpy().tolist() == expected.texts.numpy().tolist()
    np.testing.assert_allclose(answers.scores, expected.scores, rtol=1e-5)
