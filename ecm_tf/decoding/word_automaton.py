"""An Aho-Corasick automaton over the words of a vocabulary, as NumPy arrays."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ecm_tf.core.errors import InputError
from ecm_tf.text.vocabulary import SPECIALS

MAX_EXCEPTIONS = 3_000_000
"""Maximum number of pairs of a state and a word that are stored: 36 MB at most."""

_FORBIDDEN = -1
_NO_UNIT = -1
"""The number of all units that occur in no pattern."""


class WordAutomaton:
    """Finds patterns, sequences of units, in texts that are built of whole vocabulary words.

    A state is the longest suffix of the text so far that is a prefix of a pattern; state 0 is the
    empty one. Most words lead to the same state from everywhere, and complete the same patterns, so
    only differences from state 0 are stored.

    Args:
        patterns: the units of each pattern, at least one.
        vocabulary: the units of each vocabulary word, by id. The special tokens match nothing.

    Attributes:
        num_states: number of states.
        forbidden: bool `(vocabulary,)`, the words that contain a pattern.
        forbidden_splits, forbidden_words: int32; `forbidden_words[splits[s] : splits[s + 1]]` are
            the ids of the other words that complete a pattern in state s.
        next: int32 `(vocabulary,)`, the state that each word leads to from state 0.
        next_keys, next_states: int64 and int32; in state s, word w leads to `next_states[i]` if
            `next_keys[i]` is `s * vocabulary + w`, otherwise to `next[w]`. The keys are sorted; the
            last one is above all others and belongs to no word.

    Raises:
        InputError: the patterns are too many: they need more than `MAX_EXCEPTIONS` entries.
    """

    def __init__(
        self, patterns: Sequence[Sequence[str]], vocabulary: Sequence[Sequence[str]]
    ) -> None:
        numbers: dict[str, int] = {}
        self._children: list[dict[int, int]] = [{}]
        self._complete = [False]
        self._number = len(patterns)
        for pattern in patterns:
            self._add([numbers.setdefault(unit, len(numbers)) for unit in pattern])
        self.num_states = len(self._children)
        self._set_fallbacks()
        words = [[numbers.get(unit, _NO_UNIT) for unit in units] for units in vocabulary]
        words[: len(SPECIALS)] = [[_NO_UNIT]] * len(SPECIALS)
        results = np.array([self._after(0, word or [_NO_UNIT]) for word in words], np.int32)
        self.forbidden = results == _FORBIDDEN
        self.next = np.maximum(results, 0)
        self._set_exceptions(words, results)

    def _add(self, pattern: Sequence[int]) -> None:
        state = 0
        for unit in pattern:
            if unit not in self._children[state]:
                self._children[state][unit] = len(self._children)
                self._children.append({})
                self._complete.append(False)
            state = self._children[state][unit]
        self._complete[state] = True

    def _set_fallbacks(self) -> None:
        """Sets each state's longest other end that is a state, shorter states first."""
        self._fallback = [0] * self.num_states
        queue = list(self._children[0].values())
        for state in queue:
            for unit, child in self._children[state].items():
                self._fallback[child] = self._follow(self._fallback[state], unit)
                self._complete[child] |= self._complete[self._fallback[child]]
                queue.append(child)

    def _follow(self, state: int, unit: int) -> int:
        while state and unit not in self._children[state]:
            state = self._fallback[state]
        return self._children[state].get(unit, 0)

    def _after(self, state: int, word: Sequence[int]) -> int:
        """Returns the state after a word, or `_FORBIDDEN`."""
        for unit in word:
            state = self._follow(state, unit)
            if self._complete[state]:
                return _FORBIDDEN
        return state

    def _set_exceptions(self, words: list[list[int]], results: np.ndarray) -> None:
        """Stores where a state's results differ from those of state 0.

        They can differ only for words whose first unit continues a pattern.
        """
        by_first: dict[int, list[int]] = defaultdict(list)
        for word, units in enumerate(words):
            if units and units[0] != _NO_UNIT:
                by_first[units[0]].append(word)
        lengths, forbidden, keys, states = [0], [], [], []
        for state in range(1, self.num_states):
            for word in sorted(w for unit in self._continuations(state) for w in by_first[unit]):
                result = self._after(state, words[word])
                if result == results[word]:
                    continue
                if result == _FORBIDDEN:
                    forbidden.append(word)
                else:
                    keys.append(state * len(words) + word)
                    states.append(result)
            lengths.append(len(forbidden))
            if len(forbidden) + len(keys) > MAX_EXCEPTIONS:
                raise InputError(
                    f"block_words: expected a shorter list; the tables of these {self._number} "
                    f"words have more than {MAX_EXCEPTIONS:,} entries."
                )
        self.forbidden_splits = np.array([0, *lengths], np.int32)
        self.forbidden_words = np.array(forbidden, np.int32)
        self.next_keys = np.array([*keys, self.num_states * len(words)], np.int64)
        self.next_states = np.array([*states, 0], np.int32)

    def _continuations(self, state: int) -> set[int]:
        """Returns the units that continue a pattern of which the text has the beginning.

        No text reaches a state that completes a pattern.
        """
        units: set[int] = set()
        while state and not self._complete[state]:
            units |= self._children[state].keys()
            state = self._fallback[state]
        return units
