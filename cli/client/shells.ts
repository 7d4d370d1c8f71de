/** A shell that can complete, and what it is told. Each asks `cloche __complete`, so that none knows any command. */
interface CompletingShell {
  /** How a person turns it on. */
  readonly install: string
  readonly script: string
}

const bash = `_cloche() {
  mapfile -t COMPREPLY < <(cloche __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ "\${COMPREPLY[0]}" != *: ]] || compopt -o nospace
}
complete -o default -F _cloche cloche`

const zsh = `#compdef cloche
_cloche() {
  local -a found
  found=("\${(@f)$(cloche __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "\${found[1]}" ]]; then
    _files
  else
    compadd -- "\${(@)found:#*:}"
    compadd -S '' -- "\${(@M)found:#*:}"
  fi
}
compdef _cloche cloche`

const fish = `function __cloche_complete
  set -l found (cloche __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c cloche -f -a '(__cloche_complete)'`

export const shells: Readonly<Record<string, CompletingShell>> = {
  bash: { script: bash, install: 'source <(cloche completion bash)                       # in ~/.bashrc' },
  zsh: {
    script: zsh,
    install: 'source <(cloche completion zsh)                        # in ~/.zshrc, after compinit',
  },
  fish: { script: fish, install: 'cloche completion fish > ~/.config/fish/completions/cloche.fish' },
}
