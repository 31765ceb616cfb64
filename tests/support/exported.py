"""Posts and settings that the tests of an exported model share; see `tests/export/conftest.py`."""

BEAM_SIZE, N_BEST = 4, 4
POSTS = ["我的猫会握手", "我 的 猫 会 握手", "今天天气真好", "他又迟到了"]
EMOTIONS = ["like", "喜欢", "5", " Sad "]
"""One requested emotion per post, in every accepted form."""
EMOTION_IDS = [1, 1, 5, 2]
