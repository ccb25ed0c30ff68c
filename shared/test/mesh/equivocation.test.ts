/** What two signed records prove against their author, and what they do not. */
import { describe, expect, test } from 'vitest';
import { bytesToPeerId, epoch, incarnation } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import type { IdentityRecord, LinksRecord } from '#shared/membership/messages.ts';
import { guiltyOf, type TableRecord } from '#shared/mesh/equivocation.ts';
import type { Equivocation } from '#shared/mesh/messages.ts';
import type { PresenceRecord } from '#shared/presence/messages.ts';
import type { Entry } from '#shared/state/messages.ts';

const [a, b] = [1, 2].map((byte) => bytesToPeerId(new Uint8Array(16).fill(byte))) as [
  IdentityRecord['id'],
  IdentityRecord['id'],
];

const proof = (seq: number, key: number = 1): Proof => ({
  key: bytesToPublicKey(new Uint8Array(32).fill(key)),
  epoch: epoch(1),
  seq,
  of: 1,
  signature: new Uint8Array(64).fill(seq),
});

const identity: IdentityRecord = {
  kind: 'identity',
  id: a,
  epoch: epoch(1),
  incarnation: incarnation(3),
  left: false,
  wireVersion: 1,
  card: Uint8Array.of(1),
  proof: proof(1),
};
const links: LinksRecord = {
  kind: 'links',
  id: a,
  epoch: epoch(1),
  seq: 3,
  neighbors: [b],
  stability: 7,
  greeter: false,
  proof: proof(1),
};
const presence: PresenceRecord = {
  owner: a,
  epoch: epoch(1),
  field: 'cursor',
  seq: 3,
  value: { x: 1, y: 2 },
  proof: proof(1),
};
const entry: Entry = {
  collection: 'notes',
  key: 'k',
  value: 'one',
  stamp: { wall: 5, counter: 0, by: a },
  proof: proof(1),
};

const pair = (...records: readonly TableRecord[]): Equivocation => {
  const [first] = records;
  const table = first && 'collection' in first ? 'state' : first && 'field' in first ? 'presence' : 'roster';
  return { kind: 'equivocation', table, records } as Equivocation;
};

describe('two records of one version', () => {
  const again = { proof: proof(2) };

  test.each<[string, TableRecord, object]>([
    ['another card', identity, { card: Uint8Array.of(2) }],
    ['another version of the wire', identity, { wireVersion: 2 }],
    ['other neighbors', links, { neighbors: [] }],
    ['another stability', links, { stability: 8 }],
    ['that it greets', links, { greeter: true }],
    ['another value of a field', presence, { value: { x: 1, y: 3 } }],
    ['keys in another order', presence, { value: { y: 2, x: 1 } }],
    ['a field that is taken away', presence, { value: undefined }],
    ['another value of an entry', entry, { value: 'other' }],
    ['a deletion', entry, { value: undefined }],
    ['bytes for a list', { ...entry, value: [1] }, { value: Uint8Array.of(1) }],
  ])('that say %s prove it, whatever broadcast each was in', (_what, one, change) => {
    for (const said of [{}, again]) {
      expect(guiltyOf(pair(one, { ...one, ...change, ...said }))).toBe(a);
      expect(guiltyOf(pair({ ...one, ...change, ...said }, one))).toBe(a);
    }
  });

  test.each<[string, TableRecord]>([
    ['identities', identity],
    ['links', links],
    ['presence', presence],
    ['entries', entry],
  ])('that say the same (%s) prove nothing, signed once or twice', (_what, one) => {
    expect(guiltyOf(pair(one, one))).toBeUndefined();
    expect(guiltyOf(pair(one, { ...one, ...again }))).toBeUndefined();
  });
});

test.each<[string, readonly TableRecord[]]>([
  ['lives', [identity, { ...identity, incarnation: incarnation(4), card: Uint8Array.of(2) }]],
  ['epochs', [identity, { ...identity, epoch: epoch(2), card: Uint8Array.of(2) }]],
  ['words, the last and one before', [identity, { ...identity, left: true, card: Uint8Array.of(2) }]],
  ['sequences of links', [links, { ...links, seq: 4, neighbors: [] }]],
  ['epochs of links', [links, { ...links, epoch: epoch(2), neighbors: [] }]],
  ['changes of a field', [presence, { ...presence, seq: 4, value: 1 }]],
  ['fields', [presence, { ...presence, field: 'name', value: 1 }]],
  ['epochs of a field', [presence, { ...presence, epoch: epoch(2), value: 1 }]],
  ['stamps', [entry, { ...entry, stamp: { ...entry.stamp, counter: 1 }, value: 2 }]],
  ['keys', [entry, { ...entry, key: 'l', value: 2 }]],
  ['collections', [entry, { ...entry, collection: 'other', value: 2 }]],
  ['kinds', [identity, links]],
  ['authors', [identity, { ...identity, id: b, card: Uint8Array.of(2), proof: proof(1, 2) }]],
  ['writers', [entry, { ...entry, stamp: { ...entry.stamp, by: b }, value: 2, proof: proof(1, 2) }]],
])('two records of different %s prove nothing', (_what, records) => {
  expect(guiltyOf(pair(...records))).toBeUndefined();
});

test.each<[string, readonly TableRecord[]]>([
  ['no record', []],
  ['one record', [entry]],
  ['three records', [entry, { ...entry, value: 2 }, { ...entry, value: 3 }]],
  [
    'a record without proof',
    [
      { ...entry, proof: null },
      { ...entry, value: 2 },
    ],
  ],
  ['another without proof', [entry, { ...entry, value: 2, proof: null }]],
  [
    'two without proof',
    [
      { ...entry, proof: null },
      { ...entry, value: 2, proof: null },
    ],
  ],
  ['proofs by two keys', [entry, { ...entry, value: 2, proof: proof(1, 2) }]],
  ['horizons', [1, 2].map((value): Entry => ({ ...entry, collection: '\0', key: '', value }))],
])('%s proves nothing', (_what, records) => {
  expect(guiltyOf(pair(...records))).toBeUndefined();
});
