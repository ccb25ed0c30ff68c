import { beforeEach, describe, expect, test } from 'vitest';
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import { createSealer, SEAL_BYTES, type Sealer, type SealParty } from '#client/identity/seal.ts';

const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));
const [ann, bob, eve] = [peer(1), peer(2), peer(3)];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array | string | undefined): string | undefined =>
  content instanceof Uint8Array ? new TextDecoder().decode(content) : content;

let anns: Sealer;
let bobs: Sealer;
let eves: Sealer;
const party = (id: PeerId, { sealKey }: Sealer): SealParty => ({ id, sealKey });

beforeEach(async () => {
  [anns, bobs, eves] = (await Promise.all([ann, bob, eve].map((id) => createSealer(id, 'tea')))) as [
    Sealer,
    Sealer,
    Sealer,
  ];
});

const everyone = (): boolean => true;

/** Ann's letter to Bob. */
const letter = (content: string = 'for bob'): Promise<Uint8Array> =>
  anns.seal(party(bob, bobs), bytes(content));
const contentOf = async (
  opened: ReturnType<Sealer['open']>,
): Promise<Uint8Array | 'repeated' | 'late' | undefined> => {
  const outcome = await opened;
  if (outcome === 'late') return outcome;
  return outcome?.isRepeated ? 'repeated' : outcome?.content;
};
const bobOpens = (sealed: Uint8Array): ReturnType<typeof contentOf> =>
  contentOf(bobs.open(party(ann, anns), sealed, everyone));

describe('a sealed message', () => {
  test('is opened by its receiver, who knows whose it is', async () => {
    expect(text(await bobOpens(await letter()))).toBe('for bob');
    expect(text(await bobOpens(await letter('')))).toBe('');
  });

  test('shows its size and nothing else, and never the same twice', async () => {
    const [first, second] = [await letter('attack at dawn'), await letter('attack at dawn')];
    expect(first).toHaveLength(SEAL_BYTES + 'attack at dawn'.length);
    expect(Buffer.from(first).includes('attack')).toBe(false);
    expect(Buffer.from(first).equals(second)).toBe(false);
  });

  test('is closed to everyone else', async () => {
    const sealed = await letter();
    expect(await eves.open(party(ann, anns), sealed, everyone)).toBeUndefined();
    // Not even to its own sender.
    expect(await anns.open(party(bob, bobs), sealed, everyone)).toBeUndefined();
  });

  test("from somebody else is not taken for its sender's", async () => {
    const forged = await eves.seal(party(bob, bobs), bytes('from ann, really'));
    expect(await bobOpens(forged)).toBeUndefined();
    expect(text(await contentOf(bobs.open(party(eve, eves), forged, everyone)))).toBe('from ann, really');
  });

  test('that was for another cannot be handed on', async () => {
    const toEve = await anns.seal(party(eve, eves), bytes('for eve'));
    expect(await bobOpens(toEve)).toBeUndefined();
  });

  test('of another room is closed', async () => {
    const elsewhere = await createSealer(ann, 'coffee');
    const sealed = await elsewhere.seal(party(bob, bobs), bytes('x'));
    expect(await bobs.open(party(ann, elsewhere), sealed, everyone)).toBeUndefined();
  });

  test('is opened once', async () => {
    const sealed = await letter();
    expect(text(await bobOpens(sealed))).toBe('for bob');
    expect(await bobOpens(sealed)).toBe('repeated');
  });

  test('may be overtaken by a thousand others, and not by more', async () => {
    const first = await letter('first');
    const second = await letter('second');
    for (let nth = 0; nth < 1_022; nth++) await letter();
    await bobOpens(await letter('last but one'));
    expect(text(await bobOpens(second))).toBe('second');
    // It was never opened: nobody is told that it was, nor is it held to be forged.
    expect(await bobOpens(first)).toBe('late');
    expect(await bobOpens(second)).toBe('repeated');
  });

  test('is new to one who was forgotten among many others', async () => {
    const few = await createSealer(ann, 'tea', 2);
    const opened = async (): ReturnType<typeof contentOf> =>
      contentOf(bobs.open(party(ann, few), await few.seal(party(bob, bobs), bytes('x')), everyone));
    for (let nth = 0; nth < 3; nth++) expect(text(await opened())).toBe('x');
    for (const other of [4, 5, 6]) await few.seal({ id: peer(other), sealKey: eves.sealKey }, bytes('y'));
    expect(text(await opened())).toBe('x');
  });

  test('of one who is here is known again, however many write and go', async () => {
    const few = await createSealer(bob, 'tea', 2);
    const isHere = (id: PeerId): boolean => id === ann;
    const sealed = await anns.seal(party(bob, few), bytes('once'));
    expect(text(await contentOf(few.open(party(ann, anns), sealed, isHere)))).toBe('once');
    for (const other of [4, 5, 6]) {
      const theirs = await createSealer(peer(other), 'tea');
      const passing = await theirs.seal(party(bob, few), bytes('passing'));
      expect(text(await contentOf(few.open(party(peer(other), theirs), passing, isHere)))).toBe('passing');
    }
    expect(await contentOf(few.open(party(ann, anns), sealed, isHere))).toBe('repeated');
  });

  test('that was damaged anywhere is closed', async () => {
    const sealed = await letter();
    for (let at = 0; at < sealed.length; at++) {
      const damaged = sealed.map((byte, place) => (place === at ? byte ^ 1 : byte));
      // X25519 leaves out the highest bit of a key; the key that comes out is bound all the same.
      expect([at, await bobOpens(damaged)]).toEqual([at, undefined]);
    }
    for (const length of [0, 1, SEAL_BYTES - 1, sealed.length - 1]) {
      expect(await bobOpens(sealed.subarray(0, length))).toBeUndefined();
    }
    expect(text(await bobOpens(sealed))).toBe('for bob');
  });

  test('cannot be made with a key that agrees with anyone, nor opened', async () => {
    const nobody = new Uint8Array(32);
    await expect(anns.seal({ id: bob, sealKey: nobody }, bytes('x'))).rejects.toThrow();
    expect(await bobOpens(Uint8Array.of(...nobody, ...(await letter()).subarray(32)))).toBeUndefined();
  });
});
