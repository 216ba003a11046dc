import type { Command } from 'commander';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { type FoundLease, Leases } from '../settings/leases.ts';

interface Options {
  identityPool: string;
  release?: true;
  force?: true;
}

/** What a person needs to know of a lease before they release it. */
function linesOf({ holder, takenAt, until, isOver, unsettledWrite }: FoundLease): string[] {
  if (holder === null) return ['No one holds the lease.'];
  return [
    `Held by ${holder}`,
    `  since ${takenAt ?? 'a time that it does not say'}, until ${until ?? 'a time that it does not say'}${isOver ? ', which is over: the next write takes it' : ''}`,
    ...(unsettledWrite === null ? [] : [`  the write ${unsettledWrite} is not settled yet`]),
  ];
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, identityPool, release, force } = optionsOf<Options>(command);
  const leases = new Leases(sessionOf(command), stage);
  const found = await leases.find(identityPool);
  const about = { stage, identityPool, ...found };
  if (!release || found.nonce === null) {
    return terminal.answer({ ...about, released: false }, linesOf);
  }
  if (!found.isOver && !force) {
    throw new Failure(
      'LeaseHeld',
      `The lease of ${identityPool} is held by ${found.holder} until ${found.until}. It ends by itself then. If that execution has certainly ended, release the lease with --force; if it has not, two writers may overwrite each other.`,
      { document: about, lines: [] },
    );
  }
  const released = await leases.release(identityPool, found.nonce);
  terminal.answer({ ...about, released }, (shown) => [
    ...linesOf(shown),
    released
      ? 'The lease is released. What it knows of the last write is kept.'
      : 'The lease has changed hands meanwhile, and was left alone.',
  ]);
}

/** Shows who may write to an identity pool now, and releases a lease whose holder is gone. */
export function lease(program: Command, terminal: Terminal): void {
  const command = program
    .command('lease')
    .description('show who holds the lease of an identity pool, and release it')
    .requiredOption('--identity-pool <id>', 'the identity pool')
    .option('--release', 'release it, if its time is over')
    .option('--force', 'with --release: also if its time is not over, which may lose a write')
    .action(() => run(terminal, command));
}
