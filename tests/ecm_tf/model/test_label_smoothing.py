"""Label smoothing: part of the training loss, and of nothing else."""

import numpy as np
import pytest
from random_weights import randomize

from ecm_tf.layers import losses
from ecm_tf.model import ECM
from ecm_tf.text.vocabulary import PAD


@pytest.mark.parametrize("use_ememory", [False, True])
def test_the_loss_is_smoothed_and_likelihoods_are_not(use_ememory, make_model, batch):
    hard = randomize(make_model(use_emb=True, use_imemory=True, use_ememory=use_ememory))
    smoothed = ECM(hard.config, label_smoothing=0.1)
    smoothed.set_weights(hard.get_weights())
    np.testing.assert_array_equal(smoothed.reply_nll(batch)[0], hard.reply_nll(batch)[0])
    response = np.array(batch["response"])
    weights = np.array(losses.token_weights((response != PAD).sum(1)))[:, None] * (response != PAD)
    nll = -np.array(hard.teacher_forced_log_probs(batch))
    target = np.take_along_axis(nll, response[..., None], 2)[..., 0]
    added = 0.1 * np.sum(weights * (nll.mean(2) - target))
    got, expected = (
        float(model.compute_loss(x=batch, y_pred=model(batch))) for model in (smoothed, hard)
    )
    assert abs(added) > 0.01
    assert got == pytest.approx(expected + added, rel=1e-5)
