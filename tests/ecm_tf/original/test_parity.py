"""The port computes what the original program computed: probabilities, losses, training, decoding.

`pytest -s tests/ecm_tf/test_parity.py` prints the largest differences
(kept in `docs/fidelity.md`).
"""

from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf
from original_records import VARIANTS, Recorded

from ecm_tf import decoding
from ecm_tf.config import ModelConfig
from ecm_tf.model import ECM

NEVER = (0, 1)
"""The original keeps only PAD and UNK out of its replies."""


@pytest.fixture(scope="module", params=VARIANTS)
def recorded(request):
    return Recorded(request.param)


def report(recorded, what, figure, allowed):
    print(f"\n{recorded.directory.name}: {what}: {figure:.1e} (allowed {allowed:.0e})", end="")
    assert figure <= allowed


def relative(ours, theirs):
    return float(np.max(np.abs(np.asarray(ours) - theirs) / np.abs(theirs)))


def test_there_are_records():
    assert VARIANTS


def test_what_was_fed_is_what_the_port_is_fed(recorded):
    batch = recorded.batch(0)
    fed = recorded.training
    np.testing.assert_array_equal(batch["post"].numpy().T[::-1], fed["step0_encoder_ids"])
    np.testing.assert_array_equal(batch["response"][:, :-1].numpy().T, fed["step0_decoder_ids"][1:])
    np.testing.assert_array_equal(batch["response"].numpy().T != 0, fed["step0_weights"] > 0)
    np.testing.assert_array_equal(batch["emotion"], fed["step0_emotion"])


def test_distributions_of_the_first_batch(recorded):
    probabilities = np.exp(recorded.model().teacher_forced_log_probs(recorded.batch(0)))
    theirs = recorded.training["step0_probs"].transpose(1, 0, 2)
    report(recorded, "step-0 distributions", np.abs(probabilities - theirs).max(), 1e-5)


def test_loss_and_gradient_of_the_first_batch(recorded):
    model, batch = recorded.model(), recorded.batch(0)

    @tf.function
    def loss_and_norm():
        with tf.GradientTape() as tape:
            loss = model.compute_loss(batch, None, model(batch))
        weights = [weight.value for weight in model.trainable_variables]
        return loss, tf.linalg.global_norm(tape.gradient(loss, weights))

    loss, norm = loss_and_norm()
    nll, tokens = model.reply_nll(batch)
    cross_entropy = tf.reduce_mean(nll / tf.cast(tokens, tf.float32))
    theirs = {name: values[0] for name, values in recorded.training.items() if values.ndim == 1}
    report(recorded, "step-0 loss", relative(loss, theirs["losses"]), 1e-5)
    report(
        recorded, "step-0 cross-entropy", relative(cross_entropy, theirs["cross_entropies"]), 1e-5
    )
    report(recorded, "step-0 gradient norm", relative(norm, theirs["gradient_norms"]), 1e-5)


def test_training_with_fit_goes_the_same_way(recorded):
    """Every recorded SGD step, through `model.fit` and Keras' own optimizer and clipping."""
    model = recorded.model()
    model.compile(
        optimizer=keras.optimizers.SGD(
            recorded.meta["learning_rate"], global_clipnorm=recorded.meta["max_gradient_norm"]
        ),
        jit_compile=False,
    )
    losses = []
    for step in range(recorded.meta["steps"]):
        batch = tf.data.Dataset.from_tensors(recorded.batch(step))
        losses += model.fit(batch, shuffle=False, verbose=0).history["loss"]
    report(recorded, "training losses", relative(losses, recorded.training["losses"]), 1e-3)
    weights = zip(model.weights, recorded.model("final").weights, strict=True)
    difference = max(np.abs(ours.numpy() - theirs.numpy()).max() for ours, theirs in weights)
    report(recorded, "final variables", difference, 1e-3)


def test_greedy_replies(recorded):
    step, state = recorded.model().begin(*recorded.asked)
    length = recorded.meta["decoder_len"]
    said, probabilities = [], []
    words = tf.fill([len(recorded.decodes)], 3)
    for _ in range(length):
        log_probs, state = step(words, state)
        words = tf.argmax(log_probs[:, 2:], axis=1, output_type=tf.int32) + 2
        said.append(words.numpy())
        probabilities.append(tf.exp(tf.gather(log_probs, words, batch_dims=1)).numpy())
    assert np.transpose(said).tolist() == [decode["greedy"] for decode in recorded.decodes]
    theirs = np.array([decode["probs"] for decode in recorded.decodes])
    report(
        recorded, "greedy probabilities", np.abs(np.transpose(probabilities) - theirs).max(), 1e-5
    )

    step, state = recorded.model().begin(*recorded.asked)
    # Unlike the original, the search can stop at EOS; -1 never comes, so here it does not.
    replies = decoding.greedy_search(step, state, length, never=NEVER, end=-1)
    assert replies.ids.numpy().tolist() == np.transpose(said).tolist()


def finished(recorded, beams, replies):
    """Ids and scores of the port's finished hypotheses for every decode, best first."""
    step, state = recorded.model().begin(*recorded.asked, beams=beams)
    # The original does not expand the last step's distribution.
    length = recorded.meta["decoder_len"] - 1
    found = decoding.beam_search(step, state, length, beams=beams, replies=replies, never=NEVER)
    for ids, lengths, scores in zip(*(entry.numpy() for entry in found), strict=True):
        yield [
            (float(score), row[:words].tolist())
            for row, words, score in zip(ids, lengths, scores, strict=True)
            # A reply that fills all steps did not end: the original does not list it.
            if words < length and score > -1e29
        ]


def test_beams(recorded):
    most = max(len(decode["beam_finished"]) for decode in recorded.decodes)
    ours = list(finished(recorded, recorded.meta["beam_size"], most))
    theirs = [decode["beam_finished"] for decode in recorded.decodes]
    same = [
        [ids for _, ids in our] == [ids for _, ids in their]
        for our, their in zip(ours, theirs, strict=True)
    ]
    if recorded.meta["use_imemory"]:
        pytest.skip(
            f"{recorded.directory.name}: the original's beams leave the internal memory behind (a "
            f"known fault); {same.count(False)} of {len(same)} decodes differ"
        )
    assert all(same)
    our_scores, their_scores = (
        np.array([score for decode in decodes for score, _ in decode]) for decodes in (ours, theirs)
    )
    difference = np.abs(our_scores - their_scores)
    report(recorded, "beam scores", difference.max(initial=0), 1e-4)


@pytest.mark.parametrize(("use_emb", "use_ememory"), list(product((False, True), repeat=2)))
def test_with_internal_memory_the_beam_is_exhaustive(use_emb, use_ememory):
    """A beam as wide as there are prefixes finds the best of all replies."""
    keras.utils.set_random_seed(1)
    words, length = 6, 3
    config = ModelConfig(
        8,
        words,
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

    def every_reply(row):
        for count in range(length):
            for said in product(range(4, words), repeat=count):
                response = tf.constant([[*said, 2]])
                inputs = {
                    "post": post[row : row + 1],
                    "emotion": emotion[row : row + 1],
                    "response": response,
                }
                yield -float(model.reply_nll(inputs)[0][0]), list(said)

    step, state = model.begin(post, emotion, beams=8)
    replies = decoding.beam_search(step, state, length, beams=8, replies=7)
    for row in range(2):
        best = sorted(every_reply(row), reverse=True)
        assert len(best) == 7
        ours = [
            ids[:count].tolist()
            for ids, count in zip(replies.ids[row].numpy(), replies.lengths[row], strict=True)
        ]
        assert ours == [ids for _, ids in best]
        np.testing.assert_allclose(replies.scores[row], [score for score, _ in best], atol=1e-5)
