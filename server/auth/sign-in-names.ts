import { randomInt } from 'node:crypto'

/** Short, friendly, and spelled the same everywhere; nothing of a student's name is in what they sign in with. */
const first =
  `able amber apple arctic autumn azure basil blue bold brave breezy bright brisk bronze calm candid cedar cheery
  chilly citrus clear clever cloudy coral cosmic crisp crystal curious dapper daring dawn deep dreamy eager early easy
  emerald fancy fast fine first fleet floral forest fresh frosty gentle giant glad golden grand grassy green happy hazel
  honest humble icy indigo ivory jade jolly keen kind lemon light lively lucky lunar magic maple marble mellow merry mighty
  minty misty modern mossy neat nimble noble north ocean olive orange patient pearl pine plucky polar proud purple quick
  quiet rapid ready red river rosy royal ruby rusty sandy silver sleek smart snowy solar sonic spring steady stellar sunny
  swift tidy tiny topaz trusty velvet violet warm wavy west wild windy wise witty yellow young zesty`.split(
    /\s+/,
  )
const second =
  `acorn anchor ant apple badger banjo bear beaver bee birch bird bison boat book bridge camel canyon castle cat
  cello cherry cloud clover comet coral crab crane cricket crow deer dolphin dove dragon duck eagle falcon fern finch fish
  flute fox frog garden gecko goat goose guitar harbor hare hawk hedgehog heron hill horse island jaguar kite kiwi koala
  lake lamp lark leaf lemur lion lizard llama lotus lynx meadow melon moon moose moth mouse newt oak ocelot orca otter owl
  panda parrot peach pear pebble penguin piano pine planet plum pony puffin quail rabbit raven river robin rocket salmon
  seal shark sheep shell sloth snail sparrow spider squid star stone stork sun swan tiger toad trout tulip turtle valley
  violin walrus whale willow wolf wombat wren yak zebra`.split(/\s+/)

/** `brave-otter-417`: about 18 million of them. */
export const newSignInName = (): string =>
  `${first[randomInt(first.length)]}-${second[randomInt(second.length)]}-${randomInt(100, 1000)}`

export const signInNameShape = /^[a-z]{2,12}-[a-z]{2,12}-[0-9]{3}$/

/** That many which differ. @param taken those of a list that are somebody's already */
export async function newSignInNames(
  count: number,
  taken: (names: readonly string[]) => Promise<readonly string[]>,
): Promise<string[]> {
  const names = new Set<string>()
  while (names.size < count) {
    const some = new Set<string>()
    while (names.size + some.size < count) {
      const name = newSignInName()
      if (!names.has(name)) some.add(name)
    }
    for (const name of await taken([...some])) some.delete(name)
    for (const name of some) names.add(name)
  }
  return [...names]
}
