"""The port computes what the original program computed: probabilities, losses, training, decoding.

`pytest -s tests/ecm_tf/original/test_parity.py` prints the largest differences, which
`docs/reproduction.md` lists.
"""

from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from original_beam_search import beam_search as original_beam_search
from original_records import VARIANTS, Recorded

from ecm_tf import decoding
from ecm_tf.config import ModelConfig
from ecm_tf.model import ECM

MASKED = (0, 1)
"""The original masks only PAD and UNK in its replies."""


@pytest.fixture(scope="module", params=VARIANTS)
def recorded(request):
    return Recorded(request.param)


@pytest.fixture(scope="module")
def model(recorded):
    """The port with the initial weights of the record; tests must not change them."""
    return recorded.model()


def report(recorded, what, difference, tolerance):
    print(
        f"\n{recorded.directory.name}: {what}: {difference:.1e} (tolerance {tolerance:.0e})", end=""
    )
    assert difference <= tolerance


def relative(values, expected):
    return float(np.max(np.abs(np.asarray(values) - expected) / np.abs(expected)))


def test_there_are_records():
    assert VARIANTS


def test_inputs_equal_those_of_the_original(recorded):
    batch = recorded.batch(0)
    inputs = recorded.training
    np.testing.assert_array_equal(batch["post"].numpy().T[::-1], inputs["step0_encoder_ids"])
    np.testing.assert_array_equal(
        batch["response"][:, :-1].numpy().T, inputs["step0_decoder_ids"][1:]
    )
    np.testing.assert_array_equal(batch["response"].numpy().T != 0, inputs["step0_weights"] > 0)
    np.testing.assert_array_equal(batch["emotion"], inputs["step0_emotion"])


def test_distributions_of_the_first_batch(recorded, model):
    probabilities = np.exp(model.teacher_forced_log_probs(recorded.batch(0)))
    expected = recorded.training["step0_probs"].transpose(1, 0, 2)
    report(recorded, "step-0 distributions", np.abs(probabilities - expected).max(), 1e-5)


def test_loss_and_gradient_of_the_first_batch(recorded, model):
    """Eagerly; `test_training_with_fit` computes them in a graph."""
    batch = recorded.batch(0)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(batch, None, model(batch))
    weights = [weight.value for weight in model.trainable_variables]
    norm = tf.linalg.global_norm(tape.gradient(loss, weights))
    nll, tokens = model.reply_nll(batch)
    cross_entropy = tf.reduce_mean(nll / tf.cast(tokens, tf.float32))
    expected = {name: values[0] for name, values in recorded.training.items() if values.ndim == 1}
    report(recorded, "step-0 loss", relative(loss, expected["losses"]), 1e-5)
    report(
        recorded,
        "step-0 cross-entropy",
        relative(cross_entropy, expected["cross_entropies"]),
        1e-5,
    )
    report(recorded, "step-0 gradient norm", relative(norm, expected["gradient_norms"]), 1e-5)


class BatchLosses(keras.callbacks.Callback):
    """Collects the loss of each batch; Keras logs running means."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])
        self.model.reset_metrics()


def test_training_with_fit(recorded):
    """All recorded SGD steps, with `model.fit` and the optimizer and clipping of Keras."""
    model = recorded.model()
    model.compile(
        optimizer=keras.optimizers.SGD(
            recorded.meta["learning_rate"], global_clipnorm=recorded.meta["max_gradient_norm"]
        ),
        jit_compile=False,
    )
    batches = [recorded.batch(step) for step in range(recorded.meta["steps"])]
    stacked = {name: tf.stack([batch[name] for batch in batches]) for name in batches[0]}
    collected = BatchLosses()
    model.fit(
        tf.data.Dataset.from_tensor_slices(stacked),
        callbacks=[collected],
        shuffle=False,
        verbose=0,
    )
    expected = recorded.training["losses"]
    assert len(collected.losses) == len(expected)
    report(recorded, "training losses", relative(collected.losses, expected), 1e-3)
    weights = zip(model.weights, recorded.model("final").weights, strict=True)
    difference = max(np.abs(value.numpy() - final.numpy()).max() for value, final in weights)
    report(recorded, "final variables", difference, 1e-3)


def test_greedy_search(recorded, model):
    post, emotion = recorded.decode_inputs
    step, state = model.prepare_decoding(model.encoder(post), emotion)
    length = recorded.meta["decoder_len"]
    tokens, probabilities = [], []
    token = tf.fill([len(recorded.decodes)], 3)
    for _ in range(length):
        log_probs, state = step(token, state)
        token = tf.argmax(log_probs[:, 2:], axis=1, output_type=tf.int32) + 2
        tokens.append(token.numpy())
        probabilities.append(tf.exp(tf.gather(log_probs, token, batch_dims=1)).numpy())
    assert np.transpose(tokens).tolist() == [decode["greedy"] for decode in recorded.decodes]
    expected = np.array([decode["probs"] for decode in recorded.decodes])
    difference = np.abs(np.transpose(probabilities) - expected).max()
    report(recorded, "greedy probabilities", difference, 1e-5)

    step, state = model.prepare_decoding(model.encoder(post), emotion)
    # The original does not stop at EOS. The port does not either if the end is an id that no word
    # has.
    replies = decoding.greedy_search(step, state, length, masked_ids=MASKED, end=-1)
    assert replies.ids.numpy().tolist() == np.transpose(tokens).tolist()


def port_beam_search(recorded, model, count):
    """Score and ids of the finished hypotheses of each decode, best first."""
    beams = recorded.meta["beam_size"]
    post, emotion = recorded.decode_inputs
    step, state = model.prepare_decoding(model.encoder(post), emotion, beams=beams)
    # The original does not expand the distribution of the last step.
    length = recorded.meta["decoder_len"] - 1
    replies = decoding.beam_search(
        step, state, length, beams=beams, replies=count, masked_ids=MASKED
    )
    return [
        [
            (float(score), row[:words].tolist())
            for row, words, score in zip(ids, lengths, scores, strict=True)
            # A hypothesis that fills all steps has no EOS; the original does not list it.
            if words < length and score > -1e29
        ]
        for ids, lengths, scores in zip(*(entry.numpy() for entry in replies), strict=True)
    ]


def assert_same_hypotheses(recorded, what, found, expected):
    assert [[ids for _, ids in row] for row in found] == [
        [ids for _, ids in row] for row in expected
    ]
    scores, expected_scores = (
        np.array([score for row in rows for score, _ in row]) for rows in (found, expected)
    )
    report(recorded, what, np.abs(scores - expected_scores).max(initial=0), 1e-4)


def test_beam_search(recorded, model):
    """Compares all hypotheses of all decodes, for variants with internal memory in two steps.

    In the original's beam search the internal memory does not follow its parent beam, which is a
    fault. The original's algorithm, run with the port's probabilities, equals the records with the
    fault and the port's beam search without it. So the fault explains every difference.
    """
    settings = {
        "steps": recorded.meta["decoder_len"] - 1,
        "beams": recorded.meta["beam_size"],
        "masked_ids": MASKED,
    }
    expected = [decode["beam_finished"] for decode in recorded.decodes]
    with_fault, without_fault = (
        original_beam_search(
            model, *recorded.decode_inputs, **settings, memory_follows_parent=follows
        )
        for follows in (False, True)
    )
    port = port_beam_search(recorded, model, max(map(len, without_fault)))
    assert_same_hypotheses(recorded, "beam scores with the fault", with_fault, expected)
    assert_same_hypotheses(recorded, "beam scores", port, without_fault)

    affected = [
        [ids for _, ids in row] != [ids for _, ids in other]
        for row, other in zip(with_fault, without_fault, strict=True)
    ]
    print(f"\n{recorded.directory.name}: decodes that the fault changes: {sum(affected)}", end="")
    if not recorded.meta["use_imemory"]:
        assert not any(affected)
    if not any(affected):
        assert_same_hypotheses(recorded, "beam scores against the record", port, expected)


@pytest.mark.parametrize(("use_emb", "use_ememory"), list(product((False, True), repeat=2)))
def test_beam_search_with_internal_memory_is_exhaustive(use_emb, use_ememory):
    """A beam as wide as there are prefixes finds all replies, ranked by their likelihood."""
    keras.utils.set_random_seed(1)
    vocabulary_size, length = 6, 3
    config = ModelConfig(
        8,
        vocabulary_size,
        2,
        size=4,
        embedding_size=3,
        emotion_size=3,
        imemory_size=5,
        use_emb=use_emb,
        use_imemory=True,
        use_ememory=use_ememory,
    )
    model = ECM(config)
    if use_ememory:
        model.set_emotion_words([[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]])
    random = np.random.default_rng(5)
    for weight in model.trainable_variables:
        weight.assign(random.normal(0, 1.2, weight.shape))
    post, emotion = tf.constant([[4, 5, 6], [7, 4, 0]]), tf.constant([0, 1])

    every_reply = [
        list(reply)
        for count in range(length)
        for reply in product(range(4, vocabulary_size), repeat=count)
    ]
    assert len(every_reply) == 7
    responses = [[*reply, 2] + [0] * (length - 1 - len(reply)) for reply in every_reply]
    nll, _ = model.reply_nll(
        {
            "post": tf.repeat(post, 7, axis=0),
            "emotion": tf.repeat(emotion, 7),
            "response": tf.constant(responses * 2),
        }
    )
    scores = -nll.numpy().reshape(2, 7)

    step, state = model.prepare_decoding(model.encoder(post), emotion, beams=8)
    replies = decoding.beam_search(step, state, length, beams=8, replies=7)
    for row in range(2):
        ranked = sorted(zip(scores[row], every_reply, strict=True), reverse=True)
        found = [
            ids[:count].tolist()
            for ids, count in zip(replies.ids[row].numpy(), replies.lengths[row], strict=True)
        ]
        assert found == [reply for _, reply in ranked]
        np.testing.assert_allclose(replies.scores[row], [score for score, _ in ranked], atol=1e-5)
