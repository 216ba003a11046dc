import {
  compactVerify,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';

/** Signs the tokens of one issuer, with a key pair that is generated on first use. */
export class Signer {
  readonly #kid: string;
  #pair: Promise<GenerateKeyPairResult> | undefined;

  constructor(kid: string) {
    this.#kid = kid;
  }

  #keys(): Promise<GenerateKeyPairResult> {
    this.#pair ??= generateKeyPair('RS256');
    return this.#pair;
  }

  async sign(claims: JWTPayload): Promise<string> {
    const { privateKey } = await this.#keys();
    return new SignJWT(claims)
      .setProtectedHeader({ kid: this.#kid, alg: 'RS256' })
      .sign(privateKey);
  }

  /** Whether this issuer has signed a token. Does not check claims or expiry. */
  async hasSigned(token: string): Promise<boolean> {
    const { publicKey } = await this.#keys();
    return compactVerify(token, publicKey, { algorithms: ['RS256'] }).then(
      () => true,
      () => false,
    );
  }

  /** https://datatracker.ietf.org/doc/html/rfc7517#section-5 */
  async keySet(): Promise<{ keys: JWK[] }> {
    const { publicKey } = await this.#keys();
    const jwk = await exportJWK(publicKey);
    return { keys: [{ alg: 'RS256', use: 'sig', kid: this.#kid, ...jwk }] };
  }
}
