"""Posts that the web pages offer as examples, with translations."""

EXAMPLES: dict[str, list[tuple[str, str | None]]] = {
    "zh": [
        ("妹妹昨天抱回来一只小猫。", "My sister brought a kitten home yesterday."),
        ("今天又加班到十点。", "Worked overtime until ten again today."),
        ("我的钱包丢了。", "I lost my wallet."),
    ],
    "en": [
        ("My sister brought a kitten home yesterday.", None),
        ("Worked overtime until ten again today.", None),
        ("I lost my wallet.", None),
    ],
}
"""By language: posts with their English translations, which English posts do not need."""
