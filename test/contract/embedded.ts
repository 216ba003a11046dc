import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deployStack, startAws } from 'embedded-aws';
import { type CallMade, Place } from './place.ts';
import type { Probe } from './probe.ts';
import { type SessionResult, session } from './session.ts';
import type { Template } from './world.ts';

const A = { account: '111111111111', region: 'us-east-1' };
const B = { account: '222222222222', region: 'ap-south-1' };

/** An embedded AWS to run probes against. */
export interface Embedded {
  a: Place;
  b: Place;
  session(probes: Probe[], signal: AbortSignal): Promise<SessionResult>;
  close(): Promise<void>;
}

/** Starts an embedded AWS with a fast CloudTrail, so that nothing has to wait. */
export async function embedded(): Promise<Embedded> {
  const local = await startAws({ trailDelay: [10, 30] });
  local.aws.disabledRegions.add(`${B.account} af-south-1`);
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-contract-'));
  const calls: CallMade[] = [];
  const open = ({ account, region }: typeof A) =>
    Place.open(
      {
        region,
        endpoint: local.endpoint,
        credentials: { accessKeyId: account, secretAccessKey: 'any' },
      },
      (call) => calls.push(call),
    );
  const a = await open(A);
  const b = await open(B);
  const deploy = async (name: string, template: Template) => {
    const { Id = '' } = await deployStack(local.aws, { ...B, name, template });
    return Id;
  };
  return {
    a,
    b,
    session: (probes, signal) =>
      session({ a, b, probes, signal, folder, calls, deploy, pace: 20, records: 5000 }),
    async close() {
      await local.close();
      rmSync(folder, { recursive: true });
    },
  };
}
