"""The web page, made with Gradio."""

import itertools

import gradio as gr

from ecm_tf.core.errors import InputError
from ecm_tf.core.proxies import without_proxies
from export.addresses import url_host
from export.demo.cards import SCRIPT, STYLE, render_cards, render_message
from export.demo.sources import Source
from export.examples import EXAMPLES

MAX_CHARACTERS = 1_000
"""Maximum length of a post; no model reads more."""

MAX_WAITING = 32
"""Maximum number of requests that wait for a reply; the page shows an error for further ones."""
MAX_UPLOAD_BYTES = 1_000
"""Maximum size of a file sent to Gradio's upload path, which the page itself does not use."""

# Fonts of the reader's system, so that the page loads none from other servers.
FONTS = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]


def page(source: Source) -> gr.Blocks:
    """Returns the page.

    Args:
        source: source of the replies.
    """

    def answer(post: str) -> str:
        try:
            return render_cards(source.answer(post[:MAX_CHARACTERS]), source.language)
        except InputError as error:
            return render_message(str(error))

    # Of all languages, if that of the model is unknown.
    examples = EXAMPLES.get(source.language) or list(itertools.chain(*EXAMPLES.values()))
    with gr.Blocks(title="Emotional Chatting Machine", analytics_enabled=False) as blocks:
        gr.Markdown(
            "# Emotional Chatting Machine\nWrite a post; the model replies in every emotion."
        )
        with gr.Row(equal_height=True):
            post = gr.Textbox(label="Post", lines=1, max_length=MAX_CHARACTERS, scale=5)
            button = gr.Button("Reply", variant="primary", scale=1, min_width=100)
        gr.Examples(
            [[text] for text, _ in examples],
            [post],
            label="Examples",
            example_labels=[f"{text} {english or ''}".strip() for text, english in examples],
        )
        replies = gr.HTML()
        gr.on([button.click, post.submit], answer, post, replies, api_visibility="private")
    blocks.queue(max_size=MAX_WAITING, default_concurrency_limit=1)
    return blocks


def launch(blocks: gr.Blocks, host: str, port: int) -> str:
    """Serves the page in other threads.

    Args:
        blocks: the page, from `page`.
        host: address to listen on.
        port: port to listen on.

    Returns:
        Address of the page.

    Raises:
        InputError: the port is taken.
    """
    theme = gr.themes.Default(font=FONTS, font_mono=["ui-monospace", "monospace"])
    try:
        # Gradio sends a request to its own address, which no proxy reaches.
        with without_proxies():
            _, address, _ = blocks.launch(
                server_name=url_host(host),
                server_port=port,
                share=False,
                inbrowser=False,
                quiet=True,
                max_file_size=MAX_UPLOAD_BYTES,
                prevent_thread_lock=True,
                footer_links=[],
                theme=theme,
                css=STYLE.read_text(encoding="utf-8"),
                head=f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>",
                ssr_mode=False,
            )
    except OSError as error:
        raise InputError(f"--port: cannot listen on {url_host(host)}:{port}; {error}.") from error
    return address
