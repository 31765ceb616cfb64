"""Checkpoints whose state does not fit the model."""

import keras
import pytest

from ecm_tf.core.errors import InputError
from ecm_tf.training.checkpoints import Checkpoints
from ecm_tf.training.history import HistoryRow


def test_the_state_of_another_optimizer_is_refused(make_model, tmp_path):
    """Keras would only warn, and training would go on with a new optimizer at step 0."""
    checkpoints = Checkpoints(tmp_path)
    for optimizer in (keras.optimizers.Adam(0.1), keras.optimizers.SGD(0.2, momentum=0.9)):
        model = make_model()
        model.compile(optimizer=optimizer)
        model.optimizer.build(model.trainable_variables)
        if not checkpoints.steps:
            checkpoints.save(model, [HistoryRow(7, 1.0, 0.1, 2.0, 3.0, 3.0, 4.0)])
            assert checkpoints.restore(model)[-1].step == 7
    with pytest.raises(InputError, match="step-00000007: the state of another optimizer, or of"):
        checkpoints.restore(model)
