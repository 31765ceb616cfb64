"""The Keras callbacks of a training run, one per job.

`Evaluation` measures the model every `steps_per_checkpoint` steps and at the end of each epoch. It
passes the history of evaluations, the newest row last, to its listeners, in this order:

1. `EvaluationLog` logs the row;
2. `LearningRateDecay` may lower the learning rate;
3. `BestModel` saves the model directory if the dev perplexity is the lowest so far;
4. `EarlyStopping` decides whether training goes on;
5. `Checkpoint` saves weights, optimizer and history (after the decay, so that the new rate is in
   it);
6. `HistoryFiles` writes `history.csv` and `learning_curve.png`;
7. `TensorBoardLog` writes the scalars.

`ProgressBar` counts steps and is independent of evaluations.
"""

from ecm_tf.training.callbacks.best_model import BestModel
from ecm_tf.training.callbacks.checkpoint import Checkpoint
from ecm_tf.training.callbacks.early_stopping import EarlyStopping
from ecm_tf.training.callbacks.evaluation import (
    DivergenceError,
    Evaluation,
    EvaluationListener,
    EvaluationLog,
)
from ecm_tf.training.callbacks.history_files import HistoryFiles
from ecm_tf.training.callbacks.learning_rate_decay import LearningRateDecay
from ecm_tf.training.callbacks.progress_bar import ProgressBar
from ecm_tf.training.callbacks.tensorboard_log import TensorBoardLog

__all__ = [
    "BestModel",
    "Checkpoint",
    "DivergenceError",
    "EarlyStopping",
    "Evaluation",
    "EvaluationListener",
    "EvaluationLog",
    "HistoryFiles",
    "LearningRateDecay",
    "ProgressBar",
    "TensorBoardLog",
]
