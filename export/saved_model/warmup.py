"""Requests with which TF Serving warms a model up before it answers others."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog, PredictLog

from export import MODEL_NAME

WARMUP = "assets.extra/tf_serving_warmup_requests"
BATCHES = (1, 8)
POST = "今天天气真好，周末去哪里玩？"


def write_warmup(version: Path, inputs: Mapping[str, Sequence[str]], emotions: Sequence[str]):
    """Writes a request of each batch size to each signature.

    Args:
        version: a version directory.
        inputs: names of each signature's inputs, `post` and perhaps `emotion`.
        emotions: names to ask for, in turn.
    """
    path = version / WARMUP
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, names in inputs.items():
            for batch in BATCHES:
                given = {
                    "post": [POST] * batch,
                    "emotion": [emotions[row % len(emotions)] for row in range(batch)],
                }
                request = PredictRequest(
                    model_spec=ModelSpec(name=MODEL_NAME, signature_name=signature),
                    inputs={name: tf.make_tensor_proto(given[name]) for name in names},
                )
                log = PredictionLog(predict_log=PredictLog(request=request))
                writer.write(log.SerializeToString())
