/**
 * What the ends of an open channel describe to each other, by whatever way: signed by the session key that has been
 * proven on that channel. Else whoever carries signals could lead a working connection astray, or one that is told an
 * old description again.
 */
import { err, ok, type Result } from '#shared/base/result.ts';
import { base64ToBytes, bytesToBase64 } from '#shared/wire/base64.ts';
import type { Verify } from '../identity/ed25519.ts';
import type { Handshake } from '../identity/handshake.ts';

export interface Vouching {
  /** Signs what our transport has described; in the order of the calls. */
  readonly sign: (descriptions: string) => Promise<string>;
  /**
   * What the other end has described. `stale`: it has been heard of later things since. `forged`: it did not sign that,
   * or not on this channel.
   */
  readonly open: (text: string) => Promise<Result<string, 'stale' | 'forged'>>;
}

/** Whether a text is one of these: what is described before a channel is open is a list. */
export const isVouched = (text: string): boolean => text.startsWith('{');

interface Vouched {
  readonly count: number;
  readonly signature: Uint8Array;
  readonly descriptions: string;
}

/** Beyond, nothing is signed any more: at one a second that is a lifetime. */
const COUNT_MAX = 2 ** 32 - 1;

export function createVouching({
  handshake,
  sign,
  verify,
}: {
  readonly handshake: Pick<Handshake, 'descriptionStatements'>;
  readonly sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
  readonly verify: Verify;
}): Vouching {
  let said = 0;
  let heard = 0;
  return {
    sign: async (descriptions) => {
      const count = (said = Math.min(said + 1, COUNT_MAX));
      const signature = await sign(handshake.descriptionStatements({ count, descriptions }).own);
      return JSON.stringify({ count, signature: bytesToBase64(signature), descriptions });
    },
    open: async (text) => {
      const vouched = parse(text);
      if (!vouched) return err('forged');
      if (vouched.count <= heard) return err('stale');
      const { theirs } = handshake.descriptionStatements(vouched);
      if (!(await verify(vouched.signature, theirs))) return err('forged');
      // Another may have been opened meanwhile.
      if (vouched.count <= heard) return err('stale');
      heard = vouched.count;
      return ok(vouched.descriptions);
    },
  };
}

function parse(text: string): Vouched | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { count, signature, descriptions }: { readonly [K in keyof Vouched]?: unknown } = Object(parsed);
  const bytes = typeof signature === 'string' ? base64ToBytes(signature) : undefined;
  const isCount = typeof count === 'number' && Number.isInteger(count) && count > 0 && count <= COUNT_MAX;
  if (!isCount || !bytes?.ok || typeof descriptions !== 'string') return undefined;
  return { count, signature: bytes.value, descriptions };
}
