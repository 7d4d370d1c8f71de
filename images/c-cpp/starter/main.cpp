#include <iostream>
#include <map>
#include <sstream>
#include <string>

/** How often each word is in the text. */
std::map<std::string, int> countWords(const std::string &text) {
  std::map<std::string, int> counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  return counts;
}

int main() {
  for (const auto &[word, count] : countWords("the quick brown fox jumps over the lazy dog"))
    std::cout << count << ' ' << word << '\n';
}
