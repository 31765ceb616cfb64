"""Signatures of the SavedModel, called in a process that does not import this package."""

import json

import command_line
import numpy as np
import pytest
import tensorflow as tf
from exported import BEAM_SIZE, EMOTION_IDS, EMOTIONS, N_BEST, POSTS

from ecm_tf.config import SearchConfig
from ecm_tf.decoding.search import Search
from ecm_tf.inference.batch_responder import BatchResponder
from ecm_tf.inference.explanation import Explanation
from ecm_tf.inference.reply import Reply
from ecm_tf.text.emotions import DEFAULT

pytestmark = pytest.mark.xdist_group("saved_model")

EDGE_CASES = {
    "empty": b"",
    "blank": b" \t\n",
    "controls": b"\x00\x07",
    "invalid": b"\xff\xfe\xe4\xbd",
    "unknown": "囧😀".encode(),
    "long": "猫".encode() * 100_000,
    "long ascii": b"a" * 100_000,
}

CLIENT = """
import contextlib, io, json, sys
import tensorflow as tf
import tensorflow_text

with open(sys.argv[1]) as file:
    version, posts, emotions, edge_cases = json.load(file)
edge_cases = [bytes.fromhex(post) for post in edge_cases]
signatures = tf.saved_model.load(version).signatures
result = {"posts": {}, "errors": {}, "edge_cases": {}, "empty": {}, "signatures": {}}

def decoded(entry):
    if isinstance(entry, list):
        return [decoded(part) for part in entry]
    return entry.decode("utf-8", "strict") if isinstance(entry, bytes) else entry

def as_json(outputs):
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

def call(name, posts, emotions):
    more = {} if name == "all_emotions" else {"emotion": tf.constant(emotions, tf.string)}
    return as_json(signatures[name](post=tf.constant(posts, tf.string), **more))

for name, signature in signatures.items():
    inputs = signature.structured_input_signature[1]
    result["signatures"][name] = {
        "in": {key: [spec.dtype.name, spec.shape.as_list()] for key, spec in inputs.items()},
        "out": {key: [spec.dtype.name, spec.shape.rank]
                for key, spec in signature.structured_outputs.items()},
    }
    result["posts"][name] = call(name, posts, emotions)
    result["empty"][name] = call(name, [], [])
    result["edge_cases"][name] = call(name, edge_cases, ["3"] * len(edge_cases))
for emotion in ("joyful", "", "6", "auto"):
    for name in ("serving_default", "n_best"):
        try:
            call(name, posts[:1], [emotion])
        except tf.errors.InvalidArgumentError as error:
            result["errors"][f"{name} {emotion}"] = str(error)
result["imported"] = [
    name for name in sys.modules
    if name.split(".")[0] in ("ecm_tf", "export", "data_prep", "jieba")
]

from tensorflow.python.tools import saved_model_cli
sys.argv = ["saved_model_cli", "show", "--dir", version, "--all"]
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    saved_model_cli.main()
result["saved_model_cli"] = shown.getvalue()
print("RESULT" + json.dumps(result))
"""


@pytest.fixture(scope="module")
def results(exported_base, tmp_path_factory):
    """What the process gets from each signature, and what `saved_model_cli` prints."""
    directory = tmp_path_factory.mktemp("client")
    (directory / "client.py").write_text(CLIENT, encoding="utf-8")
    edge_cases = [post.hex() for post in EDGE_CASES.values()]
    arguments = [str(exported_base / "1"), POSTS, EMOTIONS, edge_cases]
    (directory / "arguments.json").write_text(json.dumps(arguments), encoding="utf-8")
    process = command_line.python("client.py", "arguments.json", cwd=directory)
    assert process.returncode == 0, process.stderr.decode()
    return json.loads(process.stdout.decode().split("RESULT", 1)[1])


def test_saved_model_does_not_need_this_package(results):
    assert results["imported"] == []


def test_signatures(results):
    text = ["string", [None]]
    assert results["signatures"] == {
        "serving_default": {
            "in": {"post": text, "emotion": text},
            "out": {
                "response": ["string", 1],
                "score": ["float32", 1],
                "emotion": ["string", 1],
            },
        },
        "all_emotions": {
            "in": {"post": text},
            "out": {"emotion": ["string", 2], "response": ["string", 2], "score": ["float32", 2]},
        },
        "n_best": {
            "in": {"post": text, "emotion": text},
            "out": {
                "response": ["string", 2],
                "score": ["float32", 2],
                "emotion": ["string", 1],
            },
        },
        "explain": {
            "in": {"post": text, "emotion": text},
            "out": {
                **{"response": ["string", 1], "score": ["float32", 1], "emotion": ["string", 1]},
                **{"post_tokens": ["string", 2], "words": ["string", 2]},
                **{"emotion_words": ["bool", 2], "attention": ["float32", 3]},
                **{"gate": ["float32", 2], "memory": ["float32", 2]},
            },
        },
    }


SHAPES = {"serving_default": [], "all_emotions": [6], "n_best": [N_BEST]}


@pytest.mark.parametrize("signature", SHAPES)
@pytest.mark.parametrize(
    ("posts", "rows"), [("posts", 4), ("edge_cases", len(EDGE_CASES)), ("empty", 0)]
)
def test_every_post_gets_one_row(results, signature, posts, rows):
    outputs = results[posts][signature]
    for name, output in outputs.items():
        one_each = name == "emotion" and signature == "n_best"
        assert output["shape"] == ([rows] if one_each else [rows, *SHAPES[signature]])
        assert output["finite"]
    assert np.all(np.array(outputs["score"]["values"]) <= 0)


@pytest.mark.parametrize(
    ("posts", "rows"), [("posts", 4), ("edge_cases", len(EDGE_CASES)), ("empty", 0)]
)
def test_width_of_explanations_does_not_depend_on_the_posts(results, responder, posts, rows):
    config = responder.model.config
    post, response = config.max_post_length, config.max_response_length
    widths = {
        **{"response": [], "score": [], "emotion": []},
        **{"post_tokens": [post], "words": [response]},
        **{"emotion_words": [response], "attention": [response, post]},
        **{"gate": [response], "memory": [response + 1]},
    }
    outputs = results[posts]["explain"]
    assert {name: output["shape"] for name, output in outputs.items()} == {
        name: [rows, *width] for name, width in widths.items()
    }
    assert all(output["finite"] for output in outputs.values())


def test_explanations_belong_to_the_replies_of_serving_default(results, responder):
    outputs = {name: output["values"] for name, output in results["posts"]["explain"].items()}
    assert outputs["response"] == results["posts"]["serving_default"]["response"]["values"]
    explanations = [
        Explanation.of_row({name: values[row] for name, values in outputs.items()})
        for row in range(len(POSTS))
    ]
    replies = [
        Reply(text, score, emotion, tuple(word for word in explanation.words if word != "_EOS"))
        for text, score, emotion, explanation in zip(
            outputs["response"], outputs["score"], EMOTIONS, explanations, strict=True
        )
    ]
    ids = [responder.emotions.id_of(emotion) for emotion in EMOTIONS]
    from_replies = BatchResponder(responder).explanations(POSTS, ids, replies)
    for explanation, expected in zip(explanations, from_replies, strict=True):
        assert (explanation.post, explanation.words) == (expected.post, expected.words)
        np.testing.assert_allclose(explanation.attention, expected.attention, atol=1e-5)
        np.testing.assert_allclose(explanation.gate, expected.gate, atol=1e-5)
        np.testing.assert_allclose(explanation.memory, expected.memory, atol=1e-5)
        assert explanation.emotion_words.tolist() == expected.emotion_words.tolist()


def test_serving_default_uses_greedy_search(results, responder):
    outputs = results["posts"]["serving_default"]
    answers = responder.answer(tf.constant(POSTS), tf.constant(EMOTION_IDS), Search())
    assert outputs["response"]["values"] == [text.decode() for (text,) in answers.texts.numpy()]
    scores = answers.scores[:, 0]
    np.testing.assert_allclose(outputs["score"]["values"], scores, rtol=1e-4)
    names = [DEFAULT[id_].name for id_ in EMOTION_IDS]
    for signature in ("serving_default", "n_best", "explain"):
        assert results["posts"][signature]["emotion"]["values"] == names


def test_english_names_chinese_names_and_ids_are_equivalent(results):
    all_replies = results["posts"]["all_emotions"]["response"]["values"]
    replies = results["posts"]["serving_default"]["response"]["values"]
    assert replies == [all_replies[row][id_] for row, id_ in enumerate(EMOTION_IDS)]
    assert all_replies[0] == all_replies[1], "raw and pre-split Chinese"


def test_all_emotions_returns_them_in_order(results, responder):
    outputs = results["posts"]["all_emotions"]
    assert outputs["emotion"]["values"] == [DEFAULT.names] * 4
    answers = responder.answer_all(tf.constant(POSTS), Search())
    scores = answers.scores[..., 0]
    np.testing.assert_allclose(outputs["score"]["values"], scores, rtol=1e-4)


def test_n_best_uses_beam_search(results, responder):
    outputs = results["posts"]["n_best"]
    search = Search(SearchConfig(decoder="beam", beam_size=BEAM_SIZE), N_BEST)
    answers = responder.answer(tf.constant(POSTS), tf.constant(EMOTION_IDS), search)
    assert outputs["response"]["values"] == [
        [text.decode() for text in row] for row in answers.texts.numpy()
    ]
    np.testing.assert_allclose(outputs["score"]["values"], answers.scores, rtol=1e-4)
    scores = np.array(outputs["score"]["values"])
    assert (np.diff(scores, axis=1) <= 0).all(), "best first"


def test_unknown_emotions_are_rejected_with_the_accepted_ones(results):
    errors = results["errors"]
    assert len(errors) == 8, sorted(errors)
    for message in errors.values():
        for id_, emotion in enumerate(DEFAULT):
            assert f"{id_} {emotion.name}" in message
        assert ", auto" not in message


def test_no_operation_calls_python(exported_base):
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((exported_base / "1" / "saved_model.pb").read_bytes())
    (meta,) = graph.meta_graphs
    operations = {node.op for node in meta.graph_def.node} | {
        node.op for function in meta.graph_def.library.function for node in function.node_def
    }
    assert "SentencepieceTokenizeOp" in operations
    assert [name for name in operations if "PyFunc" in name] == []


def test_saved_model_cli_shows_inputs_and_outputs(results):
    shown = results["saved_model_cli"]
    for name in SHAPES:
        assert f"signature_def['{name}']" in shown
    for entry in ("inputs['post']", "inputs['emotion']", "outputs['response']", "outputs['score']"):
        assert entry in shown
    assert "post:0" in shown
