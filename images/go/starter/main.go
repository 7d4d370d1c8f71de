package main

import (
	"fmt"
	"sort"
	"strings"
)

// CountWords says how often each word is in the text.
func CountWords(text string) map[string]int {
	counts := map[string]int{}
	for _, word := range strings.Fields(text) {
		counts[word]++
	}
	return counts
}

func main() {
	counts := CountWords("the quick brown fox jumps over the lazy dog")
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	sort.Strings(words)
	for _, word := range words {
		fmt.Println(counts[word], word)
	}
}
