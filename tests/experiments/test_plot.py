"""The picture of the metrics of several runs."""

import io
import json

import pytest
from PIL import Image

from ecm_tf.core.errors import InputError
from ecm_tf.report import picture
from experiments import plot


def write_figures(results, run, perplexity, accuracy):
    estimate = {"value": accuracy, "low": 0, "high": 1}
    metrics = {
        "test": {"lccc": {"perplexity": perplexity, "hits_at_1": None}},
        "replies": {
            "greedy": {"accuracy": dict.fromkeys(("a", "b", "c", "d", "e", "f"), estimate)}
        },
    }
    (results / f"{run}.json").write_text(json.dumps(metrics), encoding="utf-8")


def test_a_dot_for_each_seed_and_a_line_at_the_mean(tmp_path, monkeypatch):
    write_figures(tmp_path, "ecm-0", 210.0, 0.8)
    write_figures(tmp_path, "ecm-1", 220.0, 0.9)
    write_figures(tmp_path, "seq2seq-0", 250.0, 0.2)
    drawn = {}

    def recording(name, alt, size, draw):
        def draw_and_record(figure):
            draw(figure)
            for axes in figure.axes:
                drawn[axes.get_title()] = [dots.get_offsets().tolist() for dots in axes.collections]

        return picture(name, alt, size, draw_and_record)

    monkeypatch.setattr(plot, "picture", recording)
    plot.main([str(tmp_path), str(tmp_path / "metrics.png")])
    assert Image.open(io.BytesIO((tmp_path / "metrics.png").read_bytes())).format == "PNG"
    assert drawn["perplexity, lccc"] == [[[215, 0]], [[210, 0], [220, 0]], [[250, 1]], [[250, 1]]]
    assert drawn["hits@1 of 10, lccc"] == [], "too few responses to rank"
    assert len(drawn["emotion accuracy, greedy"]) == 2 * 2 * 6, "more judges than colours"


def test_a_directory_without_figures_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected metrics of runs, got none\.$"):
        plot.main([str(tmp_path), str(tmp_path / "metrics.png")])
