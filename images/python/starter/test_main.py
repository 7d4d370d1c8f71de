from main import count_words


def test_counts_words() -> None:
    assert count_words("a B b") == {"a": 1, "b": 2}
