import type { Command } from 'commander';
import { moment } from '../../core/moment.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure, UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { type FoundLease, Leases } from '../settings/leases.ts';

interface Options {
  identityPool: string;
  release?: true;
  force?: true;
}

const timeText = (time: string | null): string =>
  time === null ? 'an unknown time' : moment(time);

/** What a person needs to know about a lease before they release it. */
function linesOf({
  isKnown,
  holder,
  takenAt,
  until,
  isOver,
  unsettledWrite,
}: FoundLease): string[] {
  if (holder === null) {
    return [
      isKnown
        ? 'No one holds the lease.'
        : 'No one holds the lease, and no execution of this stage has held it so far. If Poolbridge has written to this identity pool, check the id and the stage.',
    ];
  }
  return [
    `Held by ${holder}`,
    `  since ${timeText(takenAt)}, until ${timeText(until)}${isOver ? ', which has passed: the next write takes the lease' : ''}`,
    ...(unsettledWrite === null ? [] : [`  the write ${unsettledWrite} is not settled yet`]),
  ];
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const { stage, identityPool, release, force } = optionsOf<Options>(command);
  if (force && !release) throw new UsageError('--force needs --release');
  const leases = new Leases(sessionOf(command), stage);
  const found = await leases.find(identityPool);
  const about = { stage, identityPool, ...found };
  if (!release || found.nonce === null) {
    return terminal.answer({ ...about, released: false }, linesOf);
  }
  if (!found.isOver && !force) {
    throw new Failure(
      'LeaseHeld',
      `${found.holder} holds the lease of ${identityPool} until ${timeText(found.until)}. The lease then ends by itself. Release it earlier only if that execution has certainly ended; otherwise two writers may overwrite each other: ${terminal.commandLine(`lease --identity-pool ${identityPool} --release --force`)}`,
      { document: about, linesOf: () => [] },
    );
  }
  const released = await leases.release(identityPool, found.nonce);
  terminal.answer({ ...about, released }, (shown) => [
    ...linesOf(shown),
    released
      ? 'The lease is released. Its record of the last write is kept.'
      : 'Another execution holds the lease by now, so it was not released.',
  ]);
}

/** Shows who holds the lease of an identity pool, and releases a lease whose holder no longer runs. */
export function lease(program: Command, terminal: Terminal): void {
  const command = program
    .command('lease')
    .description('show who holds the lease of an identity pool, and release it')
    .requiredOption('--identity-pool <id>', 'the identity pool')
    .option('--release', 'release it, if it has expired')
    .option('--force', 'with --release: release it before it expires, which may lose a write')
    .action(() => run(terminal, command));
}
