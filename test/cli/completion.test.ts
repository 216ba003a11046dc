import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { before, describe, test } from 'node:test';
import type { Shell } from '../../cli/completion.ts';
import type { World } from '../world.ts';
import { poolbridge } from './command.ts';

/** How a shell runs a completion script for the words of a command line, and shows the candidates. */
interface Runner {
  shell: Shell;
  args(script: string, words: string[]): string[];
}

// In each, npx shows what it is called with in place of the command's own answer.
const runners: Runner[] = [
  {
    shell: 'bash',
    args: (script, words) => [
      '-c',
      `${script}
npx() { echo "\${@:3}"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _poolbridge; printf '%s\\n' "\${COMPREPLY[@]}"`,
      '-',
      ...words,
    ],
  },
  {
    // The functions that show candidates work only in an interactive zsh.
    shell: 'zsh',
    args: (script, words) => [
      '-f',
      '-c',
      `compdef() { }
compadd() { [[ $1 == -- ]] && shift; print -l -- "$@" }
_describe() { local name=$2; print -l -- \${\${(P)name}%%:*} }
_files() { }
npx() { shift 2; print -- "$*" }
${script}
words=("$@") CURRENT=$#; _poolbridge`,
      '-',
      ...words,
    ],
  },
  {
    shell: 'fish',
    args: (script, words) => [
      '-N',
      '-c',
      `function npx; echo $argv[3..]; end\n${script}\ncomplete -C '${words.join(' ')}'`,
    ],
  },
];

/** Whether a line of candidates has this one: fish adds a description, and zsh leaves the choice to compadd. */
const isFor = (candidate: string) => (line: string) => line.split('\t')[0] === candidate;

for (const { shell, args } of runners) {
  const skip =
    spawnSync(shell, ['-c', 'true']).error !== undefined && `There is no ${shell} on this machine.`;

  describe(`the completion of ${shell}`, { skip }, () => {
    let script = '';
    before(async () => {
      const world = { local: { endpoint: '' } } as World;
      script = (await poolbridge(world, ['completion', shell])).out;
    });
    const complete = (...words: string[]) =>
      execFileSync(shell, args(script, ['poolbridge', ...words]), { encoding: 'utf8' })
        .trim()
        .split('\n');
    const offers = (candidates: string[], ...words: string[]) => {
      const lines = complete(...words);
      for (const each of candidates) {
        assert.ok(lines.some(isFor(each)), `${words.join(' ')} → ${lines}`);
      }
    };

    test('offers commands and their options', () => {
      offers(['unlink', 'undo'], 'un');
      offers(['--format'], 'audit', '--f');
      offers(['--stage'], 'audit', '--st');
      offers(['--last'], 'show', '--la');
    });

    test('takes the value of a shared option for no command', () => {
      offers(['unlink', 'undo'], '--stage', 'link', 'un');
      offers(['html'], '--stage', 'link', 'audit', '--format', 'h');
    });

    test('offers the values that an option has in its command', () => {
      offers(['markdown'], 'plan', '--format', 'm');
      const own = [complete('plan', '--format', ''), complete('audit', '--format', '')];
      assert.deepEqual(
        own.map((lines) => lines.join(' ').includes('html')),
        [false, true],
      );
    });

    test('offers the values of options, and executions', () => {
      offers(['missing'], 'entries', '--state', 'mi');
      const links = complete('--stage', 'prod', 'status', '--link', '').join(' ');
      assert.match(links, /^links --stage prod\b/);
      offers(['executions'], 'show', 'e');
      offers(['link-executions'], 'undo', 'l');
      offers(['waiting-executions'], 'approve', 'w');
    });
  });
}
