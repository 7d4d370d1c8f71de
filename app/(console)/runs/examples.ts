import type { Program } from './program'

const numbers = '3 4 5\n'

/** A first program of each language: all but SQL read numbers and print their sum. */
const examples: Readonly<Record<string, Program>> = {
  python: {
    code: 'import sys\n\nnumbers = [int(word) for word in sys.stdin.read().split()]\nprint("The sum is", sum(numbers))\n',
    stdin: numbers,
  },
  javascript: {
    code: `const { readFileSync } = require('node:fs')

const numbers = readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number)
console.log('The sum is', numbers.reduce((sum, number) => sum + number, 0))
`,
    stdin: numbers,
  },
  typescript: {
    code: `import { readFileSync } from 'node:fs'

const numbers: number[] = readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number)
console.log('The sum is', numbers.reduce((sum, number) => sum + number, 0))
`,
    stdin: numbers,
  },
  c: {
    code: `#include <stdio.h>

int main(void) {
    long sum = 0, number;
    while (scanf("%ld", &number) == 1)
        sum += number;
    printf("The sum is %ld\\n", sum);
}
`,
    stdin: numbers,
  },
  cpp: {
    code: `#include <iostream>

int main() {
    long sum = 0, number;
    while (std::cin >> number)
        sum += number;
    std::cout << "The sum is " << sum << '\\n';
}
`,
    stdin: numbers,
  },
  java: {
    code: `import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner input = new Scanner(System.in);
        long sum = 0;
        while (input.hasNextLong())
            sum += input.nextLong();
        System.out.println("The sum is " + sum);
    }
}
`,
    stdin: numbers,
  },
  go: {
    code: `package main

import "fmt"

func main() {
	sum, number := 0, 0
	for {
		if _, err := fmt.Scan(&number); err != nil {
			break
		}
		sum += number
	}
	fmt.Println("The sum is", sum)
}
`,
    stdin: numbers,
  },
  rust: {
    code: `use std::io::{read_to_string, stdin};

fn main() {
    let text = read_to_string(stdin()).expect("input that is text");
    let sum: i64 = text.split_whitespace().map(|word| word.parse::<i64>().unwrap()).sum();
    println!("The sum is {sum}");
}
`,
    stdin: numbers,
  },
  ruby: {
    code: 'numbers = $stdin.read.split.map(&:to_i)\nputs "The sum is #{numbers.sum}"\n',
    stdin: numbers,
  },
  php: {
    code: `<?php
$numbers = preg_split('/\\s+/', trim(stream_get_contents(STDIN)));
echo 'The sum is ', array_sum($numbers), "\\n";
`,
    stdin: numbers,
  },
  perl: {
    code: `use strict;
use warnings;

my $sum = 0;
$sum += $_ for map { split } <STDIN>;
print "The sum is $sum\\n";
`,
    stdin: numbers,
  },
  bash: {
    code: `sum=0
for number in $(cat); do
  sum=$((sum + number))
done
echo "The sum is $sum"
`,
    stdin: numbers,
  },
  sql: {
    code: `CREATE TABLE number (value INTEGER);
INSERT INTO number VALUES (3), (4), (5);
SELECT 'The sum is ' || sum(value) FROM number;
`,
    stdin: 'SELECT max(value) FROM number;\n',
  },
}

/** Nothing for a language that an operator added and nobody wrote an example for. */
export function exampleOf(language: string): Program {
  return examples[language] ?? { code: '', stdin: '' }
}
