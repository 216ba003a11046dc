import type { Command, Option } from 'commander';
import { grouped } from '../core/grouped.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What the command itself can list, for a shell that completes a value. */
export const KINDS = [
  'links',
  'user-pools',
  'identity-pools',
  'stages',
  'executions',
  'link-executions',
  'waiting-executions',
] as const;
export type Kind = (typeof KINDS)[number];

const kinds: Record<string, Kind> = {
  '--link': 'links',
  '--user-pool': 'user-pools',
  '--identity-pool': 'identity-pools',
  '--stage': 'stages',
};

/** The executions that a command takes, where not all. */
const executionsOf: Record<string, Kind> = {
  approve: 'waiting-executions',
  undo: 'link-executions',
};

/** A command or option, and its description. */
interface Word {
  word: string;
  what: string;
}

/** An option with what its value may be: fixed words, or what the command lists. */
interface OptionWord extends Word {
  takesValue: boolean;
  choices?: readonly string[];
  kind?: Kind;
}

/** A command with its options. */
interface CommandWords extends Word {
  options: OptionWord[];
  /** Which executions its argument may be, if it is one. */
  executions?: Kind;
}

function optionWord({ long, description, required, argChoices }: Option): OptionWord[] {
  if (!long) return [];
  const kind = kinds[long];
  return [
    {
      word: long,
      what: description,
      takesValue: required,
      ...(argChoices && { choices: argChoices }),
      ...(kind && required && { kind }),
    },
  ];
}

interface Words {
  name: string;
  commands: CommandWords[];
  shared: OptionWord[];
}

const HELP: OptionWord = { word: '--help', what: 'show the help', takesValue: false };

/** The commands of a program with their options, the shared ones included. */
function wordsOf(program: Command): Words {
  const shared = program.options.flatMap(optionWord);
  const commands = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map((command) => ({
      word: command.name(),
      what: command.description(),
      options: [...command.options.flatMap(optionWord), ...shared, HELP],
      ...(command.registeredArguments.some((each) => each.name() === 'execution') && {
        executions: executionsOf[command.name()] ?? 'executions',
      }),
    }));
  return { name: program.name(), commands, shared };
}

const names = (all: Word[]): string => all.map(({ word }) => word).join(' ');
const single = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** An option with a value that is known, and the commands that have it so. */
interface Valued extends OptionWord {
  commands: string[];
  /** Whether the option has other values in other commands. */
  differs: boolean;
}

const sameValues = ({ word, choices, kind }: OptionWord): string =>
  JSON.stringify([word, choices, kind]);

/** Each option with a value that is known, once for all commands in which it has the same values. */
function valued({ commands }: Words): Valued[] {
  const all = commands.flatMap(({ word: command, options }) =>
    options.filter(({ choices, kind }) => choices || kind).map((option) => ({ option, command })),
  );
  const groups = [...grouped(all, ({ option }) => sameValues(option)).values()];
  return groups.flatMap((group): Valued[] => {
    const [first] = group;
    if (!first) return [];
    const differs = groups.filter(([other]) => other?.option.word === first.option.word).length > 1;
    return [{ ...first.option, commands: group.map(({ command }) => command), differs }];
  });
}

/** What a shell compares with the command and the option, as one text. */
const valuePattern = ({ word, commands, differs }: Valued): string =>
  differs ? commands.map((command) => `"${command} ${word}"`).join('|') : `*" ${word}"`;

// An option before the command, and its value, must not pass for the command.
const sharedWithValues = ({ shared }: Words): string[] =>
  shared.filter(({ takesValue }) => takesValue).map(({ word }) => word);

const sharedPattern = (all: Words): string => sharedWithValues(all).join('|');

/** The commands that take executions, each with the kind of them. */
const takers = ({ commands }: Words): { word: string; kind: Kind }[] =>
  commands.flatMap(({ word, executions }) => (executions ? [{ word, kind: executions }] : []));

function bash(all: Words): string {
  const { name, commands } = all;
  const list = (kind: Kind) => `$(npx ${name} values ${kind} "\${shared[@]}" 2>/dev/null)`;
  const values = valued(all).map((option) => {
    const words = option.kind ? list(option.kind) : option.choices?.join(' ');
    return `    ${valuePattern(option)}) words="${words}" ;;`;
  });
  const options = commands.map(
    ({ word, options: own }) => `        ${word}) words="${names(own)}" ;;`,
  );
  const executions = takers(all).map(
    ({ word, kind }) => `          ${word}) words="${list(kind)}" ;;`,
  );
  return `# source <(npx ${name} completion bash); alias ${name}='npx ${name}'
_${name}() {
  local words='' command='' current="\${COMP_WORDS[COMP_CWORD]}" i
  local -a shared=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${sharedPattern(all)})
        ((i + 1 < COMP_CWORD)) && shared+=("\${COMP_WORDS[i]}" "\${COMP_WORDS[i + 1]}")
        ((i++)) ;;
      -*) ;;
      *) [ -z "$command" ] && command="\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
    *)
      case "$command" in
${options.join('\n')}
        *) words="${names(commands)}" ;;
      esac
      if [[ "$current" != -* ]]; then
        case "$command" in
${executions.join('\n')}
        esac
      fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}

function zsh(all: Words): string {
  const { name, commands } = all;
  const described = (words: Word[]) =>
    words.map(({ word, what }) => single(`${word}:${what.replaceAll(':', '\\:')}`)).join(' ');
  const list = (kind: Kind) => `\${(f)"$(npx ${name} values ${kind} $shared 2>/dev/null)"}`;
  const values = valued(all).map((option) => {
    const words = option.kind ? list(option.kind) : option.choices?.join(' ');
    return `    ${valuePattern(option)}) compadd -- ${words}; return ;;`;
  });
  const cases = commands.map(({ word, options }) => `    ${word}) all=(${described(options)}) ;;`);
  const executions = takers(all).map(
    ({ word, kind }) =>
      `    ${word}) [[ $words[CURRENT] != -* ]] && { compadd -- ${list(kind)}; return } ;;`,
  );
  return `#compdef ${name}
# source <(npx ${name} completion zsh); alias ${name}='npx ${name}'; setopt complete_aliases
_${name}() {
  local -a all shared
  local command i
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      ${sharedPattern(all)}) ((i + 1 < CURRENT)) && shared+=($words[i] $words[i+1]); ((i++)) ;;
      -*) ;;
      *) [[ -z $command ]] && command=$words[i] ;;
    esac
  done
  case "$command $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case $command in
${executions.join('\n')}
  esac
  case $command in
    '') all=(${described(commands)}) ;;
${cases.join('\n')}
  esac
  _describe ${name} all || _files
}
compdef _${name} ${name}
`;
}

// The builtin conditions of fish take the value of a shared option for the command.
const fishFunctions = (name: string, sharedWords: string): string => `function __${name}_command
  set -l words (commandline -opc)
  set -l i 2
  while test $i -le (count $words)
    switch $words[$i]
      case ${sharedWords}
        set i (math $i + 1)
      case '-*'
      case '*'
        echo $words[$i]
        return
    end
    set i (math $i + 1)
  end
end
function __${name}_is
  set -l command (__${name}_command)
  test "$command" = "$argv[1]"
end
function __${name}_values
  set -l words (commandline -opc)
  set -l shared
  for i in (seq (count $words))
    if contains -- $words[$i] ${sharedWords}; and test $i -lt (count $words)
      set -a shared $words[$i] $words[(math $i + 1)]
    end
  end
  npx ${name} values $argv[1] $shared 2>/dev/null
end`;

function fish(all: Words): string {
  const { name, commands, shared } = all;
  const list = (kind: Kind) => ` -x -a '(__${name}_values ${kind})'`;
  const valuesOf = ({ choices, kind, takesValue }: OptionWord): string => {
    if (kind) return list(kind);
    if (choices) return ` -x -a '${choices.join(' ')}'`;
    return takesValue ? ' -r' : '';
  };
  const within = (command: string) => `complete -c ${name} -n '__${name}_is "${command}"'`;
  const optionLine = (command: string) => (option: OptionWord) =>
    `${within(command)} -l ${option.word.slice(2)}${valuesOf(option)} -d ${single(option.what)}`;
  const linesFor = ({ word: command, what, options, executions }: CommandWords) => [
    `${within('')} -f -a ${command} -d ${single(what)}`,
    ...(executions ? [`${within(command)} -f -a '(__${name}_values ${executions})'`] : []),
    ...options.map(optionLine(command)),
  ];
  return [
    `# npx ${name} completion fish | source; alias ${name} 'npx ${name}'`,
    fishFunctions(name, sharedWithValues(all).join(' ')),
    ...[...shared, HELP].map(optionLine('')),
    ...commands.flatMap(linesFor),
  ].join('\n');
}

const writers = { bash, zsh, fish };

/** A script that makes a shell complete a program's commands, options and values. */
export const completionFor = (shell: Shell, program: Command): string =>
  writers[shell](wordsOf(program));
