import { linksDigest } from '../core/reconcile/changed-links.ts';
import { parseLinks } from '../packaging/links-file/links-file.ts';
import { sharedLinks } from './setup.ts';
import { HOME, type World } from './world.ts';

const TableName = 'poolbridge-dev';

/** Which links the identity pools of the deployed links were last reconciled with, in the table. */
export class Judged {
  readonly #world: World;
  readonly #where: typeof HOME;
  readonly #links = parseLinks(sharedLinks(), 'links.yml').links;

  /** @param where the service is deployed. */
  constructor(world: World, where = HOME) {
    this.#world = world;
    this.#where = where;
  }

  /** The digest of the deployed links to an identity pool. */
  present(identityPoolId: string): string {
    return linksDigest(this.#links, identityPoolId);
  }

  /** The digest in the table. */
  async kept(identityPoolId: string): Promise<string | undefined> {
    const { Item } = (await this.#ask('GetItem', { Key: key(identityPoolId) })) as {
      Item?: { body: { S: string } };
    };
    return Item?.body.S;
  }

  async keep(identityPoolId: string, digest: string): Promise<void> {
    await this.#ask('PutItem', { Item: { ...key(identityPoolId), body: { S: digest } } });
  }

  /** Makes all identity pools but one count as reconciled with the deployed links. */
  async keepAllBut(identityPoolId: string): Promise<void> {
    const all = new Set(Object.values(this.#links).map(({ identityPool }) => identityPool));
    all.delete(identityPoolId);
    for (const each of all) await this.keep(each, this.present(each));
  }

  #ask(operation: string, input: object): Promise<unknown> {
    return this.#world.local.aws.tables.ask(this.#where, operation, { TableName, ...input });
  }
}

const key = (identityPoolId: string) => ({
  pk: { S: `changes#${identityPoolId}` },
  sk: { S: 'judged' },
});
