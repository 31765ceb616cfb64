"""`python -m ecm_tf.chat`, with piped input and at a terminal."""

import functools
import io
import json
import os
import pty
import select
import subprocess
import sys
import threading
import time
from unittest import mock

import command_line
import fake_classifier
import jieba
import pytest
from random_weights import randomize

import ecm_tf
from ecm_tf.chat import main
from ecm_tf.config import ModelConfig
from ecm_tf.core.errors import InputError
from ecm_tf.model.directory import new_model, save_model
from ecm_tf.text.assets import TextAssets
from ecm_tf.text.emotions import DEFAULT
from ecm_tf.text.vocabulary import SPECIALS

RAW, SPLIT = "我的猫会握手", "我 的 猫 会 握手"


@pytest.fixture(scope="module")
def load():
    """`ecm_tf.load`, which loads a model only once for a search, and so compiles it only once."""
    return functools.cache(ecm_tf.load)


@pytest.fixture
def chat(model_dir, load, monkeypatch, capsys):
    """`chat(text, *flags)` pipes a text to the command and returns the lines for each post."""

    def run(text, *flags, train_dir=model_dir):
        content = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        monkeypatch.setattr("ecm_tf.inference.chatbot.load", load)
        main(["--train_dir", str(train_dir), *map(str, flags)])
        out = capsys.readouterr().out
        assert out == "" or out.endswith("\n\n")
        return [paragraph.splitlines() for paragraph in out.split("\n\n")[:-1]]

    return run


def names_of(paragraph):
    return [line.split(": ", 1)[0] for line in paragraph]


def test_prints_one_line_per_emotion_and_a_blank_line_after_each_post(chat):
    answers = chat(f"{RAW}\n他又迟到了\n")
    assert [names_of(answer) for answer in answers] == [DEFAULT.names] * 2
    assert all(": " in line for answer in answers for line in answer)


def test_raw_and_presplit_chinese_get_the_same_replies(chat):
    raw, split, other = chat(f"{RAW}\n{SPLIT}\n他又迟到了", "--scores")
    assert raw == split
    assert raw != other


def test_empty_input_prints_nothing(chat):
    assert chat("") == []


def test_replies_to_any_bytes(chat):
    lines = [b"\xff\xfe\xe4", b"", b"\x00\x07", b"  ", "猫".encode() * 20_000, "😀囧".encode()]
    answers = chat(b"\r\n".join(lines) + b"\r\n", "--scores")
    assert [names_of(answer) for answer in answers] == [DEFAULT.names] * len(lines)
    for answer in answers:
        for line in answer:
            assert float(line.rsplit("[", 1)[1].removesuffix("]")) <= 0


def test_replies_in_the_requested_emotions(chat):
    (answer,) = chat(RAW, "--emotion", "开心", "--emotion", "1", "--emotion", " SAD")
    assert names_of(answer) == ["happy", "like", "sad"]
    (everything,) = chat(RAW)
    assert answer == [everything[5], everything[1], everything[2]]


def test_beam_search_prints_the_best_replies_in_order(chat):
    flags = ("--beam_search", "--beam_size", 4, "--n_best", 3, "--scores")
    (answer,) = chat(RAW, "--emotion", "sad", *flags)
    assert names_of(answer) == ["sad"] * 3
    assert len(set(answer)) == 3
    scores = [float(line.rsplit("[", 1)[1].removesuffix("]")) for line in answer]
    assert scores == sorted(scores, reverse=True)
    (everything,) = chat(RAW, *flags)
    assert names_of(everything) == [name for name in DEFAULT.names for _ in range(3)]
    assert answer == everything[6:9]


def test_seed_makes_sampling_repeatable(chat):
    flags = ("--decoder", "sample", "--temperature", 3, "--top_k", 20, "--top_p", 0.99, "--seed")
    first = chat(RAW, *flags, 1)
    assert chat(RAW, *flags, 1) == first
    assert chat(RAW, *flags, 2) != first


def test_classifier_reranks_samples(chat, tmp_path):
    judge = fake_classifier.make(tmp_path)

    def num_correct(answer):
        texts = [line.split(": ", 1)[1] for line in answer]
        return sum(fake_classifier.probabilities(text)[e] > 0.5 for e, text in enumerate(texts))

    flags = ("--rerank", judge, "--emotion_weight", 50)
    (chosen,) = chat(RAW, *flags)
    assert chat(RAW, *flags) == [chosen], "the preset sets a seed"
    assert num_correct(chosen) > num_correct(chat(RAW)[0])
    assert chat(RAW, *flags, "--seed", 5) != [chosen], "a flag overrides the preset"
    with pytest.raises(
        InputError, match=r"rerank: expected a search with several .* greedy search has one"
    ):
        chat(RAW, *flags, "--decoder", "greedy")


def test_writes_explanations(chat, tmp_path):
    post = f"{RAW}<script>"
    ((line,),) = chat(post, "--emotion", "like", "--explain", tmp_path / "out")
    (row,) = json.loads((tmp_path / "out" / "explanations.json").read_text(encoding="utf-8"))
    assert (row["post"], row["emotion"]) == (post, "like")
    assert line == f"like: {row['reply']}"
    assert len(row["inside"]["attention"]) == len(row["inside"]["words"])
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<script>" not in page and f"{RAW}&lt;script&gt;" in page


def test_an_interruption_keeps_the_explanations_so_far(chat, tmp_path):
    def lines():
        yield f"{RAW}\n".encode()
        raise KeyboardInterrupt

    stdin = mock.Mock(isatty=lambda: False, buffer=lines())
    with (
        mock.patch.object(io, "TextIOWrapper", lambda content: stdin),
        pytest.raises(KeyboardInterrupt),
    ):
        chat(RAW, "--emotion", "like", "--explain", tmp_path / "out")
    (row,) = json.loads((tmp_path / "out" / "explanations.json").read_text(encoding="utf-8"))
    assert row["post"] == RAW


def test_a_byte_order_mark_is_no_part_of_the_first_post(chat, tmp_path):
    chat(f"\ufeff{RAW}\r\n".encode(), "--emotion", "like", "--explain", tmp_path / "out")
    (row,) = json.loads((tmp_path / "out" / "explanations.json").read_text(encoding="utf-8"))
    assert row["post"] == RAW


def test_rejects_a_file_as_the_directory_of_explanations(chat, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="expected a directory, got a file"):
        chat(RAW, "--explain", tmp_path / "file")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--beam_size", 0), "beam_size: expected an integer of at least 1, got 0."),
        (
            ("--n_best", 2),
            "n_best: expected 1 to 1, the number of candidates of the search (greedy); got 2.",
        ),
        (
            ("--beam_search", "--beam_size", 2, "--n_best", 3),
            "n_best: expected 1 to 2, the number of candidates of the search (beam 2); got 3.",
        ),
        (("--length_penalty", -0.1), "length_penalty: expected a number in [0, 10], got -0.1."),
        (("--temperature", 0), "temperature: expected a number in [0.001, 1000], got 0.0."),
        (("--top_k", 0), "top_k: expected an integer of at least 1, got 0."),
        (("--top_p", 0), "top_p: expected a number in (0, 1], got 0.0."),
        (("--top_p", 1.5), "top_p: expected a number in (0, 1], got 1.5."),
        (
            ("--emotion", "joyful"),
            "unknown emotion 'joyful'; expected one of: 0 other 其他, 1 like",
        ),
    ],
)
def test_wrong_arguments_are_reported_in_one_sentence(chat, flags, message):
    with pytest.raises(InputError) as caught:
        chat(RAW, *flags)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_rejects_an_unfinished_model(chat, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="expected a finished model directory"):
        chat(RAW, train_dir=tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        chat(RAW, train_dir=tmp_path / "nothing")


@pytest.fixture(scope="module")
def whitespace_model(tmp_path_factory):
    """A model with random weights for text split by spaces."""
    directory = tmp_path_factory.mktemp("whitespace") / "model"
    jieba.setLogLevel("WARNING")
    assets = TextAssets(
        post_words=[*SPECIALS, *dict.fromkeys(jieba.cut(RAW)), "hello"],
        response_words=[*SPECIALS, "好", "猫", "good"],
        emotions=DEFAULT,
        external_memory=[[] for _ in DEFAULT],
        normalize_digits=True,
        tokenizer_model=None,
    )
    config = ModelConfig(
        len(assets.post_words), len(assets.response_words), 6, size=8, use_emb=True
    )
    model = randomize(new_model(config, assets))
    save_model(directory, model, assets, settings={}, counts={}, sources={})
    return directory


def test_raw_chinese_is_split_for_a_model_of_split_text(chat, whitespace_model):
    posts = [RAW, " ".join(jieba.cut(RAW)), "囧 " * len(list(jieba.cut(RAW))), "hello"]
    flags = ("--emotion", "like", "--beam_search", "--beam_size", 1, "--scores")
    raw, split, unknown, english = chat("\n".join(posts), *flags, train_dir=whitespace_model)
    assert raw == split
    assert raw != unknown, "the model knows the words of the raw post"
    assert english != unknown


NO_USER = """
import pwd
def getpwuid(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = getpwuid
"""


def test_a_user_without_name_home_and_locale(model_dir, tmp_path):
    """As in a container that runs with a user id of its own."""
    (tmp_path / "sitecustomize.py").write_text(NO_USER)
    environment = {"LC_ALL": "C", "PYTHONPATH": str(tmp_path), "PATH": os.defpath}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ecm_tf.chat", "--train_dir", str(model_dir)),
            *("--emotion", "喜欢", "--explain", "解释"),
        ],
        input=f"{RAW}\n".encode(),
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("like: ")
    assert done.stderr.decode() == "explanations: 解释/index.html\n"
    assert (tmp_path / "解释/index.html").is_file()


def test_terminal_shows_a_prompt_and_an_empty_line_exits(model_dir, tmp_path):
    terminal, process_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecm_tf.chat", "--train_dir", str(model_dir)],
        stdin=process_end,
        stdout=process_end,
        stderr=process_end,
        cwd=tmp_path,
        env=command_line.environment(TERM="dumb", LC_ALL="C.UTF-8"),
        start_new_session=True,
    )
    os.close(process_end)
    shown = b""

    def read_until(expected):
        nonlocal shown
        end = time.monotonic() + 90
        while expected not in shown:
            ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"expected {expected!r} at the terminal, got {shown!r}"
            shown += os.read(terminal, 4096)
        before, shown = shown.split(expected, 1)
        return before

    try:
        hint = read_until(b"> ")
        assert b"Type a post" in hint
        os.write(terminal, f"{RAW}\n".encode())
        answer = read_until(b"\n> ").decode()
        assert [f"{name}: " in answer for name in DEFAULT.names] == [True] * 6
        os.write(terminal, b"\n")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def test_search_is_compiled_while_the_first_post_is_typed(model_dir, monkeypatch, capsys):
    bot = ecm_tf.load(model_dir)
    generated = threading.Event()

    def generate(*arguments, compute=bot._batches.replies):
        replies = compute(*arguments)
        if replies:
            generated.set()
        return replies

    def type_nothing():
        assert generated.wait(timeout=90)
        return ""

    monkeypatch.setattr(bot._batches, "replies", generate)
    monkeypatch.setattr("ecm_tf.inference.chatbot.load", lambda *_, **__: bot)
    monkeypatch.setattr("builtins.input", type_nothing)
    monkeypatch.setattr("sys.stdin", mock.Mock(isatty=lambda: True))
    main(["--train_dir", str(model_dir)])
    assert capsys.readouterr().out == ""


def test_terminal_asks_again_after_a_post_in_another_encoding(monkeypatch, capsys):
    from ecm_tf import chat

    lines = iter(["训练".encode("gbk"), "你好".encode(), b""])
    monkeypatch.setattr("builtins.input", lambda: next(lines).decode())
    monkeypatch.setattr("sys.stdin", mock.Mock(isatty=lambda: True))
    assert list(chat._read_posts()) == ["你好"]
    out, err = capsys.readouterr()
    assert "> expected UTF-8 text, got other bytes; set the terminal to UTF-8.\n> > " in err
    assert out == "", "replies that go to a file have no prompts"
