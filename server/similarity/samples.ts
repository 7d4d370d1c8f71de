/** Programs for the tests of what is similar. */
export const original = `import sys

def read_numbers(path):
    numbers = []
    with open(path) as file:
        for line in file:
            if line.strip():
                numbers.append(int(line))
    return numbers

def mean(numbers):
    total = 0
    for number in numbers:
        total += number
    return total / len(numbers)

def main():
    numbers = read_numbers(sys.argv[1])
    print("mean", mean(numbers), max(numbers), min(numbers))
    while len(numbers) > 3:
        numbers.pop()
        print(f"left {numbers}")

main()
`

/** The same with other names, other words and comments. */
export const copied = original
  .replaceAll('numbers', 'werte')
  .replaceAll('total', 'summe')
  .replaceAll('"mean"', "'Mittelwert'")
  .replace('    summe = 0', '    # 从零开始\n\n    summe = 0   # caf\u00e9')

export const unrelated = `class Node:
    def __init__(self, value):
        self.value = value
        self.left = None
        self.right = None

def insert(root, value):
    if root is None:
        return Node(value)
    if value < root.value:
        root.left = insert(root.left, value)
    elif value > root.value:
        root.right = insert(root.right, value)
    return root

def walk(node, depth=0):
    if node:
        walk(node.left, depth + 1)
        print('  ' * depth + node.value)
        walk(node.right, depth + 1)

tree = None
for word in input().split(','):
    tree = insert(tree, word)
walk(tree)
`
