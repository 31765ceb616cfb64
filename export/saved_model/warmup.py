"""Warm-up requests, which TF Serving runs before it serves a version."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog, PredictLog

from export import MODEL_NAME

WARMUP_REQUESTS = "assets.extra/tf_serving_warmup_requests"
BATCH_SIZES = (1, 8)
POST = "今天天气真好，周末去哪里玩？"


def write_warmup_requests(
    version_directory: Path, input_names: Mapping[str, Sequence[str]], emotions: Sequence[str]
) -> None:
    """Writes one request per signature and batch size, as a TFRecord of `PredictionLog`.

    Args:
        version_directory: the SavedModel.
        input_names: input names of each signature: `post`, and `emotion` where it is an input.
        emotions: accepted emotions; the rows of a batch request them in turn.
    """
    path = version_directory / WARMUP_REQUESTS
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, names in input_names.items():
            for batch_size in BATCH_SIZES:
                columns = {
                    "post": [POST] * batch_size,
                    "emotion": [emotions[row % len(emotions)] for row in range(batch_size)],
                }
                request = PredictRequest(
                    model_spec=ModelSpec(name=MODEL_NAME, signature_name=signature),
                    inputs={name: tf.make_tensor_proto(columns[name]) for name in names},
                )
                log = PredictionLog(predict_log=PredictLog(request=request))
                writer.write(log.SerializeToString())
