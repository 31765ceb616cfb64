"""The fixtures of the page's text processing, which `web/tests/text.test.ts` reads."""

import json

import pytest
from web_fixtures import DIRECTORY, as_json, fixture, languages, texts

pytestmark = pytest.mark.xdist_group("web")


@pytest.mark.parametrize("language", languages())
def test_fixture_holds_the_ids_of_the_tokenizer(language):
    stored = json.loads((DIRECTORY / f"{language}.json").read_text())
    expected = json.loads(as_json(fixture(languages()[language], texts(language))))
    assert stored == expected, "python tests/support/web_fixtures.py writes the fixtures"
    ids = {id_ for post in stored["posts"] for id_ in post["ids"]}
    assert len(ids) > 0.5 * len(stored["settings"]["postWords"])
