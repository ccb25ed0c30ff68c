/** Arbitrary messages: everything that may travel, with sizes small enough that each fits a frame. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Hash64 } from '#shared/base/hash.ts';
import {
  bytesToPeerId,
  epoch,
  incarnation,
  wordsToAttemptId,
  type AttemptId,
  type Epoch,
  type Incarnation,
  type PeerId,
} from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof, type PublicKey } from '#shared/base/proof.ts';
import type { Value } from '#shared/base/value.ts';
import type { Version } from '#shared/base/version.ts';
import {
  ROUND_MAX,
  type BroadcastMessage,
  type Gossip,
  type Head,
  type Lane,
  type TreeKey,
  type Want,
} from '#shared/broadcast/messages.ts';
import type { Accusation, Claim, IdentityRecord, RosterRecord } from '#shared/membership/messages.ts';
import type { LinkMessage, Payload, RoutedPayload, TopicMessage } from '#shared/mesh/messages.ts';
import type { OverlayMessage, OverlaySignal } from '#shared/overlay/messages.ts';
import type { PresenceRecord, PresenceUpdate } from '#shared/presence/messages.ts';
import type { LeafPart, ReconcileMessage, Roots, TableName } from '#shared/reconcile/messages.ts';
import { AGE_MS_MAX } from '#shared/wire/limits.ts';
import type { RoutingMessage } from '#shared/routing/messages.ts';
import type { Entry } from '#shared/state/messages.ts';
import type { NodeMessage } from '#shared/wire/mesh-codec.ts';
import { isProvenByGossip } from '#shared/wire/sayings.ts';
import { bytesToReceipt, RECEIPT_BYTES, type Receipt } from '#shared/base/receipt.ts';

const LIST_MAX = 4;

/** Objects as code makes them: with the ordinary prototype. */
function record<T>(model: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

/** Well-formed text of any script, and names that objects are sensitive to. */
export const anyText: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 24 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '__proto__', 'constructor', 'toString', '\uFEFFbom', '0', '-1'),
  },
);

export const anyNumber: Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 63, 64, -64, 127, 128, 2 ** 53, -(2 ** 53), Number.MIN_VALUE, Number.MAX_VALUE),
);

export const anyBytes: Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 24 });

/** An object that owns each of these keys, whatever its name. */
export function objectOf(entries: readonly (readonly [string, Value])[]): Value {
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** Up to four deep, small. */
export const anyValue: Arbitrary<Value> = fc.letrec<{
  value: Value;
  leaf: Value;
  list: Value;
  object: Value;
}>((tie) => ({
  leaf: fc.oneof(fc.constant(null), fc.boolean(), anyNumber, anyText, anyBytes),
  list: fc.array(tie('value'), { maxLength: LIST_MAX }),
  object: fc
    .uniqueArray(fc.tuple(anyText, tie('value')), { maxLength: LIST_MAX, selector: ([key]) => key })
    .map(objectOf),
  value: fc.oneof({ maxDepth: 4, depthSize: 'small' }, tie('leaf'), tie('list'), tie('object')),
})).value;

/** One in four is absent. */
const anyOptionalValue: Arbitrary<Value | undefined> = fc.option(anyValue, { nil: undefined, freq: 4 });

/** Often one of a few, so that short names are used; sometimes any. */
export const anyId: Arbitrary<PeerId> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 9 }).map((at) => bytesToPeerId(new Uint8Array(16).fill(at))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToPeerId) },
);

export const anyCount: Arbitrary<number> = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, Number.MAX_SAFE_INTEGER),
);

const anyIds: Arbitrary<PeerId[]> = fc.array(anyId, { maxLength: LIST_MAX });
const anyEpoch: Arbitrary<Epoch> = anyCount.map(epoch);
const anyIncarnation: Arbitrary<Incarnation> = anyCount.map(incarnation);
const anyWord: Arbitrary<number> = fc.nat(0xffff_ffff);
const anyAttempt: Arbitrary<AttemptId> = fc.tuple(anyWord, anyWord).map(([a, b]) => wordsToAttemptId(a, b));
const anyHalf: Arbitrary<number> = anyWord.map((word) => word | 0);
const anyHash: Arbitrary<Hash64> = record({ high: anyHalf, low: anyHalf });
const anyHashes: Arbitrary<Hash64[]> = fc.array(anyHash, { minLength: 16, maxLength: 16 });
const anyLane: Arbitrary<Lane> = fc.constantFrom('reliable', 'record', 'volatile');
const anyTable: Arbitrary<TableName> = fc.constantFrom('roster', 'state', 'presence');
const anyRoots: Arbitrary<Roots> = record({ roster: anyHash, state: anyHash, presence: anyHash });
const anyPriority = fc.constantFrom('high' as const, 'low' as const);

/** `kind` is a constant: one arbitrary per kind. */
function kind<K extends string>(name: K): Arbitrary<K> {
  return fc.constant(name);
}

/** Often one of a few, as ids are. */
export const anyKey: Arbitrary<PublicKey> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 9 }).map((at) => bytesToPublicKey(new Uint8Array(32).fill(at))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToPublicKey) },
);

export const anyProof: Arbitrary<Proof> = record({
  key: anyKey,
  epoch: anyEpoch,
  seq: anyCount,
  of: fc.nat(512),
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
});

/** One in four is absent. */
const proof: Arbitrary<Proof | null> = fc.option(anyProof, { freq: 4 });

const life = { target: anyId, epoch: anyEpoch, incarnation: anyIncarnation };

const anyAccusation: Arbitrary<Accusation> = record({
  kind: kind('accusation'),
  ...life,
  observer: anyId,
  silentMs: anyCount,
  reached: fc.boolean(),
  proof,
});

export const anyIdentity: Arbitrary<IdentityRecord> = record({
  kind: kind('identity'),
  id: anyId,
  epoch: anyEpoch,
  incarnation: anyIncarnation,
  left: fc.boolean(),
  wireVersion: fc.nat(255),
  card: fc.uint8Array({ maxLength: 256 }),
  proof,
});

export const anyRosterRecord: Arbitrary<RosterRecord> = fc.oneof(
  anyIdentity,
  record({
    kind: kind('links'),
    id: anyId,
    epoch: anyEpoch,
    seq: anyCount,
    neighbors: anyIds,
    stability: anyCount,
    greeter: fc.boolean(),
    proof,
  }),
);

export const anyClaim: Arbitrary<Claim> = fc.oneof(
  anyRosterRecord,
  anyAccusation,
  record({ kind: kind('objection'), ...life, observer: anyId, proof }),
  record({
    kind: kind('verdict'),
    ...life,
    accusations: fc.array(anyAccusation, { maxLength: LIST_MAX }),
  }),
);

const field = { field: anyText, seq: anyCount, value: anyOptionalValue };

export const anyPresenceRecord: Arbitrary<PresenceRecord> = record({
  owner: anyId,
  epoch: anyEpoch,
  ...field,
  proof,
});

const update = { kind: kind('presence'), owner: anyId, epoch: anyEpoch };

/** What is volatile carries no proof. */
const anyPresenceUpdate: Arbitrary<PresenceUpdate> = fc.oneof(
  record({
    ...update,
    grade: fc.constant('rest'),
    fields: fc.array(record({ ...field, proof }), { maxLength: LIST_MAX }),
  }),
  record({
    ...update,
    grade: fc.constantFrom('anchor', 'passing'),
    fields: fc.array(record({ ...field, proof: fc.constant(null) }), { maxLength: LIST_MAX }),
  }),
);

export const anyEntry: Arbitrary<Entry> = record({
  collection: anyText,
  key: anyText,
  value: anyOptionalValue,
  stamp: record({ wall: anyCount, counter: fc.nat(65_535), by: anyId }),
  proof,
});

const anyTopic: Arbitrary<TopicMessage> = record({ kind: kind('topic'), topic: anyText, data: anyValue });

export const anyPayload: Arbitrary<Payload> = fc.oneof(
  anyClaim,
  anyPresenceUpdate,
  record({ kind: kind('state'), entries: fc.array(anyEntry, { maxLength: LIST_MAX }) }),
  anyTopic,
);

const anySignal: Arbitrary<OverlaySignal> = fc.oneof(
  record({
    kind: kind('request'),
    attempt: anyAttempt,
    priority: anyPriority,
    forward: fc.boolean(),
  }),
  record({ kind: kind('accept'), attempt: anyAttempt }),
  record({
    kind: kind('refuse'),
    attempt: anyAttempt,
    reason: fc.constantFrom('full' as const, 'busy' as const, 'resting' as const),
  }),
  record({ kind: kind('refer'), attempt: anyAttempt, peers: fc.array(anyId, { maxLength: 10 }) }),
  record({ kind: kind('description'), attempt: anyAttempt, wireVersion: fc.nat(255), data: anyText }),
);

const anyReceipt: Arbitrary<Receipt> = fc
  .uint8Array({ minLength: RECEIPT_BYTES, maxLength: RECEIPT_BYTES })
  .map(bytesToReceipt);

export const anyRouted: Arbitrary<RoutedPayload> = fc.oneof(
  anySignal,
  record({ kind: kind('routedPing'), probe: anyCount }),
  record({ kind: kind('routedAck'), probe: anyCount }),
  record({ kind: kind('accused'), accusation: anyAccusation }),
  record({ kind: kind('direct'), topic: anyText, data: anyValue, receipt: anyReceipt }),
  record({ kind: kind('sealed'), bytes: fc.uint8Array({ maxLength: 200 }) }),
  record({ kind: kind('echo') }),
);

const way = {
  origin: anyId,
  to: anyId,
  id: anyCount,
  ttl: anyCount,
  serverMay: fc.boolean(),
  route: anyIds,
};

export const anyRouting: Arbitrary<RoutingMessage<RoutedPayload>> = fc.oneof(
  record({
    kind: kind('packet'),
    ...way,
    delivery: fc.constantFrom('once' as const, 'acked' as const),
    flooded: fc.boolean(),
    trail: anyIds,
    payload: anyRouted,
  }),
  record({ kind: kind('packetAck'), ...way, receipt: fc.option(anyReceipt) }),
);

const anyOverlay: Arbitrary<OverlayMessage> = fc.oneof(
  record({
    kind: kind('forwardJoin'),
    newcomer: anyId,
    attempt: anyAttempt,
    priority: anyPriority,
    ttl: anyCount,
    trail: anyIds,
  }),
  record({
    kind: kind('disconnect'),
    reason: fc.constantFrom('evicted' as const, 'leaving' as const, 'misbehaved' as const),
  }),
);

const head = { origin: anyId, epoch: anyEpoch, lane: anyLane, seq: anyCount };
const anyHeads: Arbitrary<Head[]> = fc.array(record(head), { maxLength: LIST_MAX });
const anyTree: Arbitrary<TreeKey> = fc.option(anyId);
const anyWant: Arbitrary<Want> = record({
  origin: anyId,
  epoch: anyEpoch,
  lane: anyLane,
  first: anyCount,
  last: anyCount,
});

/** Only what is no record carries a proof of its own. */
export const anyGossip: Arbitrary<Gossip<Payload>> = record({
  kind: kind('gossip'),
  ...head,
  hot: fc.boolean(),
  round: fc.nat(ROUND_MAX),
  ageMs: fc.nat(AGE_MS_MAX),
  follows: fc.option(record({ epoch: anyEpoch, seq: anyCount, from: anyCount })),
  proof,
  payload: anyPayload,
}).map((gossip) => ({
  ...gossip,
  follows: gossip.lane === 'reliable' && gossip.seq === 1 ? gossip.follows : null,
  proof: isProvenByGossip(gossip.payload) ? gossip.proof : null,
}));

const anyBroadcast: Arbitrary<BroadcastMessage<Payload>> = fc.oneof(
  anyGossip,
  record({ kind: kind('ihave'), heads: anyHeads }),
  record({
    kind: kind('vector'),
    heads: fc.array(record({ ...head, from: anyCount }), { maxLength: LIST_MAX }),
    begun: fc.boolean(),
    last: fc.boolean(),
  }),
  record({
    kind: kind('graft'),
    trees: fc.array(anyTree, { maxLength: LIST_MAX }),
    wants: fc.array(anyWant, { maxLength: LIST_MAX }),
  }),
  record({ kind: kind('prune'), tree: anyTree }),
);

const anyVersion: Arbitrary<Version> = record({
  major: anyCount,
  minor: anyCount,
  by: fc.option(anyId),
  content: anyWord,
});
/** Key hashes lie under their leaf. */
const anyLeafPart: Arbitrary<LeafPart> = fc.nat(255).chain((index) => {
  const keyHash = anyHash.map(({ high, low }) => ({ high: (index << 24) | (high >>> 8), low }));
  return record({
    index: fc.constant(index),
    after: fc.option(keyHash),
    upTo: fc.option(keyHash),
    entries: fc.array(record({ keyHash, version: anyVersion }), { maxLength: LIST_MAX }),
  });
});

const anyExact: Arbitrary<ReconcileMessage> = fc.oneof(
  record({ kind: kind('top'), table: anyTable, exact: fc.constant(true), hashes: anyHashes }),
  record({
    kind: kind('middle'),
    table: anyTable,
    exact: fc.constant(true),
    nodes: fc.array(record({ index: fc.nat(15), hashes: anyHashes }), { maxLength: LIST_MAX }),
  }),
  record({
    kind: kind('leaves'),
    table: anyTable,
    exact: fc.constant(true),
    leaves: fc.array(anyLeafPart, { maxLength: LIST_MAX }),
    last: fc.boolean(),
  }),
  record({
    kind: kind('wantRecords'),
    table: anyTable,
    exact: fc.constant(true),
    keyHashes: fc.array(anyHash, { maxLength: LIST_MAX }),
    last: fc.boolean(),
  }),
  record({ kind: kind('roundDone'), table: anyTable }),
);

/** The same message of a round that is not exact. */
function shortened(message: ReconcileMessage): ReconcileMessage {
  const half = ({ high }: Hash64): Hash64 => ({ high, low: 0 });
  const exact = false;
  switch (message.kind) {
    case 'top':
      return { ...message, exact, hashes: message.hashes.map(half) };
    case 'middle': {
      const nodes = message.nodes.map(({ index, hashes }) => ({ index, hashes: hashes.map(half) }));
      return { ...message, exact, nodes };
    }
    case 'leaves': {
      const leaves = message.leaves.map(({ index, after, upTo, entries }) => ({
        index,
        after: after && half(after),
        upTo: upTo && half(upTo),
        entries: entries.map(({ keyHash, version }) => ({
          keyHash: half(keyHash),
          version: { major: version.major, minor: version.minor, by: null },
        })),
      }));
      return { ...message, exact, leaves };
    }
    case 'wantRecords':
      return { ...message, exact, keyHashes: message.keyHashes.map(half) };
    case 'roundDone':
      return message;
  }
}

const anyReconcile: Arbitrary<ReconcileMessage> = fc.oneof(anyExact, anyExact.map(shortened));

const anyTableKind = fc.constantFrom('delta' as const, 'equivocation' as const);

const anyNodeMessage: Arbitrary<NodeMessage> = fc.oneof(
  record({
    kind: kind('hello'),
    identity: anyIdentity,
    presence: fc.array(anyPresenceRecord, { maxLength: LIST_MAX }),
  }),
  record({
    kind: kind('heartbeat'),
    probe: anyCount,
    tickMs: anyCount,
    wall: anyCount,
    roots: anyRoots,
  }),
  record({
    kind: kind('heartbeatAck'),
    probe: anyCount,
    echo: anyCount,
    wall: anyCount,
    roots: anyRoots,
  }),
  record({ kind: kind('claims'), claims: fc.array(anyClaim, { maxLength: LIST_MAX }) }),
  record({
    kind: anyTableKind,
    table: fc.constant('roster' as const),
    records: fc.array(anyRosterRecord, { maxLength: LIST_MAX }),
  }),
  record({
    kind: anyTableKind,
    table: fc.constant('state' as const),
    records: fc.array(anyEntry, { maxLength: LIST_MAX }),
  }),
  record({
    kind: anyTableKind,
    table: fc.constant('presence' as const),
    records: fc.array(anyPresenceRecord, { maxLength: LIST_MAX }),
  }),
);

/** Everything that travels over a channel. */
export const anyLinkMessage: Arbitrary<LinkMessage> = fc.oneof(
  anyNodeMessage,
  anyOverlay,
  { weight: 2, arbitrary: anyBroadcast },
  anyReconcile,
  { weight: 2, arbitrary: anyRouting },
);
