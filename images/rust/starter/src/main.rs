use std::collections::BTreeMap;

/// How often each word is in the text.
fn count_words(text: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

fn main() {
    for (word, count) in count_words("the quick brown fox jumps over the lazy dog") {
        println!("{count} {word}");
    }
}

#[test]
fn counts_words() {
    assert_eq!(count_words("a b b"), BTreeMap::from([("a", 1), ("b", 2)]));
}
