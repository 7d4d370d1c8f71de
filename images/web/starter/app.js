const button = document.querySelector('button')
const output = document.querySelector('output')
let clicks = 0

button.addEventListener('click', () => {
  clicks += 1
  output.value = String(clicks)
})
