"""Every equation of ECM once more, in NumPy float64, one example at a time.

Written from the statement of the original program's computation, in the shape of the original's
matrices (`[x, h] W + b`). `Weights` is the only place that knows how the port stores them.
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
    """Bias-free map of what was read from the internal memory to r, u and c."""

    @classmethod
    def of(cls, cell, memory=None):
        """From a `GRUCell`."""
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
        """One step, with what was read from the internal memory if there is one.

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
    """A weight as float64."""
    return np.asarray(weight, np.float64)


def internal_memory_step(cell, x, hidden, memory):
    """One step of an `InternalMemoryGRUCell`: new states and what is left of the memory."""
    read_kernel = np.concatenate([array(cell.read_input_kernel), array(cell.read_state_kernel)])
    read_gate = sigmoid(np.concatenate([x, *hidden], -1) @ read_kernel + array(cell.read_bias))
    layers = [GRU.of(layer, array(cell.memory_kernel)) for layer in cell.gru.cells]
    new = [layers[0].step(x, hidden[0], read_gate * memory)]
    for layer, state in zip(layers[1:], hidden[1:], strict=True):
        new.append(layer.step(new[-1], state))
    write = np.concatenate(new, -1) @ array(cell.write_gate.kernel) + array(cell.write_gate.bias)
    return new, sigmoid(write) * memory


def attention(layer, query, values):
    """`softmax_i(v . tanh(values_i W_k + query W_q + b))` and what it reads; one example."""
    keys = values @ array(layer.key_kernel)
    compared = np.tanh(keys + query @ array(layer.query_kernel) + array(layer.bias))
    weights = softmax((compared @ array(layer.scale))[:, 0])
    return weights @ values, weights


def vocabulary_log_probs(layer, features):
    """One softmax over all words."""
    return log_softmax(features @ array(layer.kernel) + array(layer.bias))


def emotion_gate(layer, features):
    """`alpha = sigmoid(o w + b)`."""
    return sigmoid(features @ array(layer.gate_kernel)[:, 0] + array(layer.gate_bias)[0])


def external_memory_log_probs(layer, features, emotion):
    """Two softmaxes and a gate between them; one example."""
    emotional = array(layer.emotion_words)[emotion] > 0
    if not emotional.any():
        return vocabulary_log_probs(layer, features)
    logits = features @ array(layer.kernel) + array(layer.bias)
    alpha = emotion_gate(layer, features)
    probs = np.zeros(len(logits))
    probs[emotional] = alpha * softmax(logits[emotional])
    if not emotional.all():
        probs[~emotional] = (1 - alpha) * softmax(logits[~emotional])
    with np.errstate(divide="ignore"):
        return np.log(probs)


class Reference:
    """A whole `ECM`, given the port's model for its weights.

    A post is the list of ids that the encoder runs over: without padding if padding is masked, with
    the padding if it is not. A response is treated likewise.
    """

    def __init__(self, model):
        self.model, self.config = model, model.config
        encoder, decoder = model.encoder, model.decoder
        self.post_embedding = array(encoder.embedding.embeddings)
        self.word_embedding = array(decoder.embedding.embeddings)
        self.encoder_layers = [GRU.of(cell) for cell in encoder.cells]
        self.features_kernel = array(decoder.features.kernel)
        self.features_bias = array(decoder.features.bias)

    def encode(self, post):
        """Outputs in the post's order, and the final state of every layer."""
        inputs = list(self.post_embedding[list(reversed(post))])
        states = []
        for layer in self.encoder_layers:
            h, outputs = np.zeros(self.config.size), []
            for x in inputs:
                h = layer.step(x, h)
                outputs.append(h)
            states.append(h)
            inputs = outputs
        if not post:
            # Attention needs something to look at: what padding gives at the zero state.
            blank = self.post_embedding[PAD]
            for layer in self.encoder_layers:
                blank = layer.step(blank, np.zeros(self.config.size))
            inputs = [blank]
        return np.stack(inputs[::-1]), states

    def respond(self, post, response, emotion):
        """Teacher forcing: log-probabilities and alpha at every position, and the memory's end."""
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

    def seen(self, ids, width, buckets):
        """What the model runs over of a padded row."""
        ids = [int(id_) for id_ in ids if id_ != PAD]
        if self.config.mask_padding:
            return ids
        longer = [size for size in buckets if size > len(ids)] or buckets[-1:]
        return (ids + [PAD] * width)[: min(longer[0], width)]

    def rows(self, batch):
        """`respond` for every row of a padded batch, as `(response, log_probs, alphas, memory)`."""
        for post, response, emotion in zip(
            *(np.asarray(batch[name]) for name in ("post", "response", "emotion")), strict=True
        ):
            post = self.seen(post, len(post), [size for size, _ in self.config.buckets])
            words = [int(word) for word in response if word != PAD]
            padded = words if self.config.mask_padding else [int(word) for word in response]
            yield words, *self.respond(post, padded, int(emotion)), int(emotion)

    def nll(self, batch):
        """Negative log-likelihood of every response, summed over its tokens."""
        return np.array(
            [-sum(log_probs[t, w] for t, w in enumerate(words)) for words, log_probs, *_ in
             self.rows(batch)]
        )  # fmt: skip

    def loss(self, batch):
        """What training minimises: cross-entropy + memory + gate, each averaged as the original."""
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
