/**
 * Verifies what members say. A signature costs a tenth of a millisecond or more, and the same one comes by several
 * links and again with comparisons: what was good is remembered for a while, what is under way is waited for.
 */
import { createBoundedMap } from '#shared/base/collections.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { publicKeyToBytes, type Proof, type PublicKey } from '#shared/base/proof.ts';
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import { isEqualBytes } from './bytes.ts';
import { importVerifier, type Verify } from './ed25519.ts';
import { keyToPeerId } from './member-id.ts';

/** That the holder of `proof.key` signed these bytes. */
export interface Signed {
  readonly proof: Proof;
  readonly bytes: Uint8Array;
}

export interface Verifier {
  /** Whether this member's id is the hash of this key. */
  readonly isKeyOf: (key: PublicKey, author: PeerId) => boolean;
  /** Whether asking for it costs no verification of its own: it was found good, or is being looked at. */
  readonly isFree: (signed: Signed) => boolean;
  /** Whether it was found good. */
  readonly isGood: (signed: Signed) => boolean;
  /** Never rejects: what cannot be verified is not good. */
  readonly verify: (signed: Signed) => Promise<boolean>;
  /** Our own signatures come back to us, and need no proof. */
  readonly trust: (signed: Signed) => void;
}

export interface VerifierLimits {
  /** Keys that are held, with the ids that they hash to. */
  readonly keysMax: number;
  /** Signatures that are remembered as good. */
  readonly signaturesMax: number;
  /** The statements of these, together: they are compared, for a hash that could be forged would be no proof. */
  readonly statementBytesMax: number;
  /** How long one is remembered. Less verifies the same again; more holds what nobody says any more. */
  readonly keptMs: number;
}

export const verifierLimits: VerifierLimits = {
  keysMax: 4_096, // twice the largest room of the design
  signaturesMax: 16_384, // guess: 2,000 members with both records and a few fields each
  statementBytesMax: 8_388_608, // guess: twice what those take
  keptMs: 120_000, // guess: four times as long as a message is kept for those who missed it
};

interface Key {
  readonly id: PeerId;
  readonly verify: Promise<Verify>;
}

export function createVerifier(
  now: () => Instant,
  limits: VerifierLimits = verifierLimits,
  importKey: (publicKey: Uint8Array) => Promise<Verify> = importVerifier,
): Verifier {
  const keys = createBoundedMap<PublicKey, Key>(limits.keysMax);
  const good = createSignedMap<Instant>();
  /** Bounded by what all links together may have under way. */
  const underWay = createSignedMap<Promise<boolean>>();

  const idOf = (key: PublicKey): PeerId => keys.get(key)?.id ?? keyToPeerId(publicKeyToBytes(key));

  /** Held from here on: who merely names keys pushes none out. */
  const importOnce = (key: PublicKey): Promise<Verify> => {
    const held = keys.get(key);
    if (held) return held.verify;
    const bytes = publicKeyToBytes(key);
    const verify = importKey(bytes);
    keys.set(key, { id: keyToPeerId(bytes), verify });
    return verify;
  };

  const remember = (signed: Signed): void => {
    const at = now();
    good.set(signed, at);
    const isOld = (since: Instant | undefined): boolean =>
      since !== undefined && elapsedMs(since, at) > limits.keptMs;
    while (
      good.size() > limits.signaturesMax ||
      good.bytes() > limits.statementBytesMax ||
      isOld(good.oldest())
    )
      good.forgetOldest();
  };

  const ask = async (signed: Signed): Promise<boolean> => {
    try {
      const verify = await importOnce(signed.proof.key);
      return await verify(signed.proof.signature, signed.bytes);
    } catch {
      return false;
    }
  };

  const begin = async (signed: Signed): Promise<boolean> => {
    const isGood = await ask(signed);
    underWay.delete(signed);
    if (isGood) remember(signed);
    return isGood;
  };

  return {
    isKeyOf: (key, author) => idOf(key) === author,
    isFree: (signed) => good.get(signed) !== undefined || underWay.get(signed) !== undefined,
    isGood: (signed) => good.get(signed) !== undefined,
    verify: async (signed) => {
      if (good.get(signed) !== undefined) return true;
      let answer = underWay.get(signed);
      if (!answer) {
        answer = begin(signed);
        underWay.set(signed, answer);
      }
      return answer;
    },
    trust: remember,
  };
}

interface SignedMap<T> {
  readonly get: (signed: Signed) => T | undefined;
  /** In place of what had the same name. */
  readonly set: (signed: Signed, value: T) => void;
  readonly delete: (signed: Signed) => void;
  /** Of what is held the value that was set longest ago. */
  readonly oldest: () => T | undefined;
  readonly forgetOldest: () => void;
  readonly size: () => number;
  readonly bytes: () => number;
}

/** By signature, key and statement: whoever makes up a key may find one signature that fits several statements. */
function createSignedMap<T>(): SignedMap<T> {
  const map = new Map<string, { readonly signed: Signed; readonly value: T }>();
  let bytes = 0;
  const forget = (name: string): void => {
    bytes -= map.get(name)?.signed.bytes.byteLength ?? 0;
    map.delete(name);
  };
  const find = (signed: Signed): T | undefined => {
    const held = map.get(nameOf(signed));
    return held && isSame(held.signed, signed) ? held.value : undefined;
  };
  return {
    get: find,
    set: (signed, value) => {
      const name = nameOf(signed);
      forget(name);
      // A frame that is kept by a few bytes of it would be kept whole.
      map.set(name, { signed: { ...signed, bytes: signed.bytes.slice() }, value });
      bytes += signed.bytes.byteLength;
    },
    delete: (signed) => {
      if (find(signed) !== undefined) forget(nameOf(signed));
    },
    oldest: () => {
      for (const { value } of map.values()) return value;
      return undefined;
    },
    forgetOldest: () => {
      for (const name of map.keys()) return forget(name);
    },
    size: () => map.size,
    bytes: () => bytes,
  };
}

/** Enough to find it by. Who makes up two signatures with one name has one of them verified twice. */
function nameOf({ proof: { signature } }: Signed): string {
  const word = (at: number): number => ((signature[at] ?? 0) << 8) | (signature[at + 1] ?? 0);
  return String.fromCharCode(word(0), word(2), word(4), word(6), word(8), word(10), word(12), word(14));
}

function isSame(a: Signed, b: Signed): boolean {
  return (
    a.proof.key === b.proof.key &&
    isEqualBytes(a.proof.signature, b.proof.signature) &&
    isEqualBytes(a.bytes, b.bytes)
  );
}
