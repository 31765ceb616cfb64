"""A second implementation of all equations of ECM, in NumPy float64, one example at a time.

It follows the description of the original program's computation, with matrices laid out as in the
original (`[x, h] W + b`).
"""

from dataclasses import dataclass

import numpy as np

PAD, GO = 0, 3


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))


def log_softmax(x):
    x = np.asarray(x, np.float64)
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def softmax(x):
    return np.exp(log_softmax(x))


@dataclass
class GRU:
    """`gates` maps `[x, h]` to r and u, `candidate` maps `[x, r * h]` to c."""

    gates: np.ndarray
    gates_bias: np.ndarray
    candidate: np.ndarray
    candidate_bias: np.ndarray
    memory: np.ndarray | None = None
    """Kernel, without bias, from the memory that was read to r, u and c."""

    @classmethod
    def of(cls, cell, memory=None):
        """Returns the weights of a `GRUCell`."""
        kernel, units = array(cell.kernel), cell.units
        bias = array(cell.bias)
        return cls(
            np.concatenate([kernel[:, : 2 * units], array(cell.gate_kernel)]),
            bias[: 2 * units],
            np.concatenate([kernel[:, 2 * units :], array(cell.candidate_kernel)]),
            bias[2 * units :],
            memory,
        )

    def step(self, x, h, read=None):
        """Computes one step; `read` is the memory that was read, if any.

        r, u = sigmoid([x, h] W + b)
        c    = tanh([x, r * h] W + b)
        h'   = u * h + (1 - u) * c
        """
        units = h.shape[-1]
        extra = np.zeros(3 * units) if read is None else read @ self.memory
        gates = sigmoid(
            np.concatenate([x, h], -1) @ self.gates + self.gates_bias + extra[..., : 2 * units]
        )
        reset, update = gates[..., :units], gates[..., units:]
        candidate = np.tanh(
            np.concatenate([x, reset * h], -1) @ self.candidate
            + self.candidate_bias
            + extra[..., 2 * units :]
        )
        return update * h + (1 - update) * candidate


def array(weight):
    """Returns a weight as float64."""
    return np.asarray(weight, np.float64)


def internal_memory_step(cell, x, hidden, memory):
    """Computes one step of an `InternalMemoryGRUCell`: the new states and the new memory."""
    read_kernel = np.concatenate([array(cell.read_input_kernel), array(cell.read_state_kernel)])
    read_gate = sigmoid(np.concatenate([x, *hidden], -1) @ read_kernel + array(cell.read_bias))
    layers = [GRU.of(layer, array(cell.memory_kernel)) for layer in cell.gru.cells]
    new = [layers[0].step(x, hidden[0], read_gate * memory)]
    for layer, state in zip(layers[1:], hidden[1:], strict=True):
        new.append(layer.step(new[-1], state))
    write = np.concatenate(new, -1) @ array(cell.write_gate.kernel) + array(cell.write_gate.bias)
    return new, sigmoid(write) * memory


def attention(layer, query, values):
    """Returns context and `softmax_i(v . tanh(values_i W_k + query W_q + b))`; one example."""
    keys = values @ array(layer.key_kernel)
    compared = np.tanh(keys + query @ array(layer.query_kernel) + array(layer.bias))
    weights = softmax((compared @ array(layer.scale))[:, 0])
    return weights @ values, weights


def word_logits(layer, features):
    """Returns the logits of all words; their vectors may be those of an embedding."""
    if layer.embedding is None:
        return features @ array(layer.kernel) + array(layer.bias)
    if layer.projection is not None:
        features = features @ array(layer.projection)
    return features @ array(layer.embedding.embeddings).T + array(layer.bias)


def vocabulary_log_probs(layer, features):
    """Returns the log of one softmax over all words."""
    return log_softmax(word_logits(layer, features))


def emotion_gate(layer, features):
    """Returns `alpha = sigmoid(o w + b)`."""
    return sigmoid(features @ array(layer.gate_kernel)[:, 0] + array(layer.gate_bias)[0])


def external_memory_log_probs(layer, features, emotion):
    """Returns the log of two softmaxes and a gate between them; one example."""
    emotional = array(layer.emotion_words)[emotion] > 0
    if not emotional.any():
        return vocabulary_log_probs(layer, features)
    logits = word_logits(layer, features)
    alpha = emotion_gate(layer, features)
    probs = np.zeros(len(logits))
    probs[emotional] = alpha * softmax(logits[emotional])
    if not emotional.all():
        probs[~emotional] = (1 - alpha) * softmax(logits[~emotional])
    with np.errstate(divide="ignore"):
        return np.log(probs)


class Reference:
    """A whole `ECM` with the weights of a model of the port.

    A post is the list of ids that the encoder reads: without padding if padding is masked, with
    padding if it is not. The same holds for responses.
    """

    def __init__(self, model):
        self.model, self.config = model, model.config
        encoder, decoder = model.encoder, model.decoder
        self.post_embedding = array(encoder.embedding.embeddings)
        self.word_embedding = array(decoder.embedding.embeddings)
        self.encoder_layers = [GRU.of(cell) for cell in encoder.cells]
        self.forward_layers = [GRU.of(cell) for cell in encoder.forward_cells]
        self.features_kernel = array(decoder.features.kernel)
        self.features_bias = array(decoder.features.bias)

    def encode(self, post):
        """Returns outputs in the order of the post, and the final state of every layer."""
        outputs = list(self.post_embedding[post or [PAD]])
        states = []
        for index in range(len(self.encoder_layers)):
            outputs, state = self._encoder_layer(index, outputs)
            # Attention over an empty post reads the output for one PAD from the zero state.
            states.append(state if post else self._encoder_layer(index, [])[1])
        return np.stack(outputs), states

    def _encoder_layer(self, index, inputs):
        """Returns outputs in the order of the post, and the final state."""
        backward, state = self._read(self.encoder_layers[index], inputs[::-1])
        if not self.config.bidirectional_encoder:
            return backward[::-1], state
        forward, forward_state = self._read(self.forward_layers[index], inputs)
        merge = self.model.encoder.merges[index]

        def merged(*halves):
            return np.tanh(np.concatenate(halves) @ array(merge.kernel) + array(merge.bias))

        outputs = [merged(*halves) for halves in zip(backward[::-1], forward, strict=True)]
        return outputs, merged(state, forward_state)

    def _read(self, layer, inputs):
        state, outputs = np.zeros(self.config.size), []
        for x in inputs:
            state = layer.step(x, state)
            outputs.append(state)
        return outputs, state

    def respond(self, post, response, emotion):
        """Returns log-probabilities and alpha at every position, and the final memory."""
        config, decoder = self.config, self.model.decoder
        values, hidden = self.encode(post)
        vector = array(decoder.emotion_embedding.embeddings)[emotion] if config.use_emb else []
        memory = array(decoder.internal_memory.embeddings)[emotion] if config.use_imemory else None
        context, _ = attention(decoder.attention, np.concatenate(hidden), values)
        log_probs, alphas = [], []
        for word in [GO, *response[:-1]]:
            x = np.concatenate([self.word_embedding[word], context, vector])
            if config.use_imemory:
                hidden, memory = internal_memory_step(decoder.cell, x, hidden, memory)
            else:
                hidden = self._plain_step(x, hidden)
            context, _ = attention(decoder.attention, np.concatenate(hidden), values)
            top = np.concatenate([hidden[-1], context])
            features = top @ self.features_kernel + self.features_bias
            output = self.model.vocabulary_output
            if config.use_ememory:
                log_probs.append(external_memory_log_probs(output, features, emotion))
                alphas.append(emotion_gate(output, features))
            else:
                log_probs.append(vocabulary_log_probs(output, features))
        return np.array(log_probs), np.array(alphas), memory

    def _plain_step(self, x, hidden):
        new = []
        for cell, state in zip(self.model.decoder.cell.cells, hidden, strict=True):
            new.append(GRU.of(cell).step(new[-1] if new else x, state))
        return new

    def read_ids(self, ids, width, buckets):
        """Returns the ids of a padded row that the model reads."""
        ids = [int(id_) for id_ in ids if id_ != PAD]
        if self.config.mask_padding:
            return ids
        longer = [size for size in buckets if size > len(ids)] or buckets[-1:]
        return (ids + [PAD] * width)[: min(longer[0], width)]

    def rows(self, batch):
        """Yields `(response, log_probs, alphas, memory, emotion)` for each row of a batch."""
        for post, response, emotion in zip(
            *(np.asarray(batch[name]) for name in ("post", "response", "emotion")), strict=True
        ):
            post = self.read_ids(post, len(post), [size for size, _ in self.config.buckets])
            words = [int(word) for word in response if word != PAD]
            padded = words if self.config.mask_padding else [int(word) for word in response]
            yield words, *self.respond(post, padded, int(emotion)), int(emotion)

    def nll(self, batch):
        """Returns the negative log-likelihood of every response, summed over its tokens."""
        return np.array(
            [-sum(log_probs[t, w] for t, w in enumerate(words)) for words, log_probs, *_ in
             self.rows(batch)]
        )  # fmt: skip

    def loss(self, batch):
        """Returns the training loss, averaged as in the original: cross-entropy + memory + gate."""
        total, rows = 0.0, list(self.rows(batch))
        for words, log_probs, alphas, memory, emotion in rows:
            tokens = max(len(words), 1)
            total += -sum(log_probs[t, w] for t, w in enumerate(words)) / tokens
            if memory is not None:
                total += np.sum(memory**2)
            total += (
                sum(self._gate_nll(alphas, t, w, emotion) for t, w in enumerate(words)) / tokens
            )
        return total / len(rows)

    def _gate_nll(self, alphas, t, word, emotion):
        if not self.config.use_ememory:
            return 0.0
        emotional = array(self.model.vocabulary_output.emotion_words)[emotion] > 0
        if not emotional.any():
            return 0.0
        return -np.log(alphas[t] if emotional[word] else 1 - alphas[t])
