package main

import "testing"

func TestCountWords(t *testing.T) {
	if counts := CountWords("a b b"); counts["a"] != 1 || counts["b"] != 2 {
		t.Fatal(counts)
	}
}
