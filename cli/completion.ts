import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command or option, and its description. */
interface Word {
  word: string;
  what: string;
}

/** A command with its options. */
interface CommandWords extends Word {
  options: Word[];
}

const optionWord = ({ long, description }: Option): Word[] =>
  long ? [{ word: long, what: description }] : [];

/** The commands of a program with their options, the shared ones included. */
function commandWords(program: Command): CommandWords[] {
  const common = program.options.flatMap(optionWord);
  return program.commands.map((command) => ({
    word: command.name(),
    what: command.description(),
    options: [
      ...command.options.flatMap(optionWord),
      ...common,
      { word: '--help', what: 'show the help' },
    ],
  }));
}

const words = (all: Word[]): string => all.map(({ word }) => word).join(' ');

const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function bash(name: string, commands: CommandWords[]): string {
  const cases = commands.map(
    (command) => `    ${command.word}) words="${words(command.options)}" ;;`,
  );
  return `# source <(npx ${name} completion bash); alias ${name}='npx ${name}'
_${name}() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${words(commands)}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _${name} ${name}
`;
}

function zsh(name: string, commands: CommandWords[]): string {
  const described = (all: Word[]) =>
    all.map(({ word, what }) => single(`${word}:${what.replaceAll(':', '\\:')}`)).join(' ');
  const cases = commands.map(
    (command) => `    ${command.word}) all=(${described(command.options)}) ;;`,
  );
  return `#compdef ${name}
# source <(npx ${name} completion zsh); alias ${name}='npx ${name}'; setopt complete_aliases
_${name}() {
  local -a all
  case $CURRENT-$words[2] in
    2-*) all=(${described(commands)}) ;;
${cases.map((line) => line.replace(/^ {4}/, '    *-')).join('\n')}
  esac
  _describe ${name} all || _files
}
compdef _${name} ${name}
`;
}

function fish(name: string, commands: CommandWords[]): string {
  const linesFor = ({ word: command, what, options }: CommandWords) => [
    `complete -c ${name} -n __fish_use_subcommand -f -a ${command} -d ${single(what)}`,
    ...options.map(
      ({ word, what: meaning }) =>
        `complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -l ${word.slice(2)} -d ${single(meaning)}`,
    ),
  ];
  return [
    `# npx ${name} completion fish | source; alias ${name} 'npx ${name}'`,
    ...commands.flatMap(linesFor),
  ].join('\n');
}

const writers = { bash, zsh, fish };

/** A script that makes a shell complete a program's commands and options. */
export const completionFor = (shell: Shell, program: Command): string =>
  writers[shell](program.name(), commandWords(program));
