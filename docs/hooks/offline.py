"""MkDocs hook: keeps the site free of resources that a browser would load from other servers."""

import logging
import re
from typing import Any

import jieba

# The search plugin splits Chinese with jieba, which otherwise reports that it loads its dictionary.
jieba.setLogLevel(logging.WARNING)

_SCRIPT = re.compile(r"<script\b.*?</script>", re.IGNORECASE | re.DOTALL)
_LOADED_SCRIPT = re.compile(
    r"<script[^>]*\bsrc=[\"']https?://|\b(?:import|from)\s*\(?\s*[\"']https?://"
)
_EXTERNAL = re.compile(
    r"<(?:script|img|iframe)\b[^>]*\bsrc=[\"']https?://|\bimport\s*\(\s*[\"']https?://|"
    r"<link\b[^>]*\brel=[\"'](?:stylesheet|preconnect|preload)[\"'][^>]*\bhref=[\"']https?://",
    re.IGNORECASE,
)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Removes the scripts that notebook templates load from other servers (MathJax, Mermaid)."""
    return _SCRIPT.sub(lambda found: "" if _LOADED_SCRIPT.search(found[0]) else found[0], html)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Fails the build if a page would load a resource from another server."""
    found = _EXTERNAL.search(output)
    if found:
        raise ValueError(f"{page.file.src_uri}: expected no external resource, got {found[0]}…")
    return output
