"""Word segmentation of raw posts for models whose text assets have no tokenizer."""


def split_into_words(post: str) -> str:
    """Splits raw Chinese into words with jieba, separated by spaces.

    A model that was trained on text split by spaces expects its input in that form. A post that
    contains a space or only ASCII characters is returned unchanged.
    """
    if " " in post.strip() or post.isascii():
        return post
    from ecm_tf.text.jieba_words import cut

    return " ".join(cut(post))
