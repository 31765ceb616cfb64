"""Settings of Keras that this project needs."""

import keras

from ecm_tf.core.errors import InputError


def check_keras_settings() -> None:
    """Checks the backend and the default number type of Keras.

    Importing `ecm_tf` selects the backend, unless Keras has been imported before.

    Raises:
        InputError: the backend is not TensorFlow, or the default number type is not float32.
    """
    backend, floatx = keras.config.backend(), keras.config.floatx()
    if backend != "tensorflow":
        raise InputError(
            f"Keras: expected the backend tensorflow, got {backend}; import ecm_tf before keras, "
            "or set KERAS_BACKEND=tensorflow."
        )
    if floatx != "float32":
        raise InputError(
            f"Keras: expected floatx float32, got {floatx}; set it in ~/.keras/keras.json, or set "
            "KERAS_HOME to a directory without keras.json."
        )
