import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

public class Main {
  /** How often each word is in the text. */
  static Map<String, Integer> countWords(String text) {
    Map<String, Integer> counts = new TreeMap<>();
    Arrays.stream(text.split(" ")).forEach(word -> counts.merge(word, 1, Integer::sum));
    return counts;
  }

  public static void main(String[] arguments) {
    countWords("the quick brown fox jumps over the lazy dog")
        .forEach((word, count) -> System.out.println(count + " " + word));
  }
}
