import pytest
from jinja2 import UndefinedError

from ecm_tf.report import emotion_colours, picture, render
from ecm_tf.report.rendering import number, percent

TEMPLATE = """{% extends "page.html" %}
{% import "parts.html" as parts %}
{% set title = name %}
{% set sections = {"one": "The first"} %}
{% block main %}<p>{{ name }} {{ share | percent }}</p>
{% call parts.figure(drawn) %}A <em>caption</em>.{% endcall %}{% endblock %}
"""


def line(figure):
    figure.add_subplot().plot([1, 3, 2])


def test_render_escapes_values(tmp_path):
    template = tmp_path / "example.html"
    template.write_text(TEMPLATE)
    drawn = picture("line.png", 'a "line"', (2, 1), line)
    html = render(template, name="a < b", share=0.125, drawn=drawn)
    assert "<title>a &lt; b</title>" in html
    assert '<a href="#one">The first</a>' in html
    assert "<p>a &lt; b 12.5 %</p>" in html
    assert f'<img src="{drawn.data_uri}" alt="a &#34;line&#34;">' in html
    assert "<figcaption>A <em>caption</em>.</figcaption>" in html
    with pytest.raises(UndefinedError, match="share"):
        render(template, name="a", drawn=drawn)


def test_pictures_are_deterministic():
    first, second = (picture("line.png", "a line", (2, 1), line) for _ in range(2))
    assert first == second
    assert b"Software" not in first.png


def test_number_formats():
    assert number(1234567) == "1,234,567"
    assert number(3.14159, 2) == "3.14"
    assert percent(0.5) == "50.0 %"
    assert percent(0.12345, 2) == "12.35 %"
    assert number(None) == percent(None) == percent(float("nan")) == "–"


def test_the_paper_s_categories_have_distinct_colours():
    assert len(set(emotion_colours(6))) == 6
    assert emotion_colours(6) == emotion_colours(20)[:6]
