"""Counts words."""

from collections import Counter


def count_words(text: str) -> Counter[str]:
    """How often each word is in the text."""
    return Counter(text.lower().split())


if __name__ == "__main__":
    line = "the quick brown fox jumps over the lazy dog"
    for word, count in count_words(line).most_common():
        print(f"{count} {word}")
