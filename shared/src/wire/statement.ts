/**
 * Statements: the bytes that a member signs so that others can tell what it said. They name the room, the author and
 * the place in its broadcasts, then all that the thing says, as it is written on a link, with ids in full and without
 * any proof. Every element has one form in bytes, so two statements are equal only if they say the same.
 *
 * A broadcast record is signed with the place of its gossip, and keeps that proof wherever it goes. What its author
 * hands over outside a broadcast, a farewell always, is signed with no place: epoch 0, sequence 0, one of one.
 */
import { createEncoder } from 'lib0/encoding';
import { unreachable } from '../base/assert.ts';
import { epoch, type PeerId } from '../base/ids.ts';
import type { Proof } from '../base/proof.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Lane } from '../broadcast/messages.ts';
import type { IdentityRecord } from '../membership/messages.ts';
import type { LinkMessage, Payload } from '../mesh/messages.ts';
import { lanes, writeFollows } from './broadcast-codec.ts';
import { payloadKinds } from './kinds.ts';
import { FRAME_BYTES_MAX, TOPIC_BYTES_MAX } from './limits.ts';
import { writeClaimFacts } from './membership-codec.ts';
import { plainWriters } from './names-codec.ts';
import { writePresenceFacts, writePresenceUpdate } from './presence-codec.ts';
import { asSpoken, authorOf, isHorizonEntry, mapProofs, type Place, type Saying } from './sayings.ts';
import { writeEntryFacts } from './state-codec.ts';
import { writeValue } from './value-codec.ts';
import { finish, writeByte, writeChoice, writeId, writeText, writeUint, type Writer } from './writer.ts';

/** Opens every statement: what is signed here can mean nothing anywhere else. */
const DOMAIN: string = 'gossamer/1';

/** Something that came and must be verified: that `key` is the author's, and that it signed these bytes. */
export interface Statement {
  readonly author: PeerId;
  readonly proof: Proof;
  readonly bytes: Uint8Array;
}

/** Why a message is refused before anything is verified. */
export type StatementProblem =
  /** Something in it has no proof, or a broadcast says nothing at all. */
  | 'unsigned'
  /** A proof is of another broadcast, or of one with more or fewer records; or the payload is in a lane not its own. */
  | 'misplaced-proof';

const NOTHING: Result<readonly Statement[], StatementProblem> = ok([]);

/** Everything in a message that came that must be verified before it is let in. */
export function statementsOf(
  room: string,
  message: LinkMessage,
): Result<readonly Statement[], StatementProblem> {
  if (!isWellPlaced(message)) return err('misplaced-proof');
  const spoken = asSpoken(message);
  if (spoken === null) return NOTHING;
  const found: { readonly saying: Saying; readonly proof: Proof }[] = [];
  let problem: StatementProblem | null = null;
  mapProofs(spoken, (saying, place) => {
    const { proof } = saying;
    if (isHorizonEntry(saying) && place === null) problem ??= proof === null ? null : 'misplaced-proof';
    else if (proof === null) problem ??= 'unsigned';
    else if (!isFitting(saying, proof, place)) problem ??= 'misplaced-proof';
    else found.push({ saying, proof });
    return proof;
  });
  if (problem !== null) return err(problem);
  if (message.kind === 'gossip' && found.length === 0) return err('unsigned');
  if (message.kind === 'gossip' && hasTwins(found)) return err('misplaced-proof');
  return ok(
    found.map(({ saying, proof }) => ({
      author: authorOf(saying),
      proof,
      bytes: statementBytes(room, saying, proof),
    })),
  );
}

/** Something of our own that goes out and lacks its proof. The proof names this place. */
export interface Unproven extends Place {
  /** The same object as long as it is the same thing: what was signed may be remembered by it. */
  readonly source: object;
  readonly bytes: () => Uint8Array;
}

const NONE: readonly Unproven[] = [];

/** What of our own in a message still lacks its proof, in the order in which `withProofs` takes them. */
export function unprovenIn(room: string, message: LinkMessage, self: PeerId): readonly Unproven[] {
  const spoken = asSpoken(message);
  if (spoken === null || (spoken.kind === 'gossip' && spoken.origin !== self)) return NONE;
  let found: Unproven[] | undefined;
  mapProofs(spoken, (saying, place, source) => {
    if (isOwnUnproven(saying, self)) (found ??= []).push(toUnproven(room, saying, { place, source }));
    return saying.proof;
  });
  return found ?? NONE;
}

/** The message as it goes out: `proofs` are those of what `unprovenIn` named, in that order. */
export function withProofs(message: LinkMessage, self: PeerId, proofs: readonly Proof[]): LinkMessage {
  const spoken = asSpoken(message);
  if (spoken === null || proofs.length === 0) return message;
  let next = 0;
  return mapProofs(spoken, (saying) =>
    isOwnUnproven(saying, self) ? (proofs[next++] ?? null) : saying.proof,
  );
}

/** The farewell of this identity, to be signed ahead: there is no time for it when the page closes. */
export function farewellOf(room: string, identity: IdentityRecord): Unproven {
  return toUnproven(room, { ...identity, left: true }, { place: null, source: identity });
}

/** No place: what is said outside a broadcast. */
const NOWHERE: Place = { epoch: epoch(0), seq: 0, of: 1 };

function toUnproven(
  room: string,
  saying: Saying,
  { place, source }: { readonly place: Place | null; readonly source: object },
): Unproven {
  const signed = place ?? NOWHERE;
  return { ...signed, source, bytes: () => statementBytes(room, saying, signed) };
}

function isOwnUnproven(saying: Saying, self: PeerId): boolean {
  return saying.proof === null && authorOf(saying) === self && !isHorizonEntry(saying);
}

/** In a broadcast the proof is that broadcast's. Outside, it is of any broadcast there was, or of none. */
function isFitting(saying: Saying, proof: Proof, place: Place | null): boolean {
  if (place !== null) return proof.seq > 0 && isSamePlace(proof, place);
  const isFarewell = 'left' in saying && saying.left;
  return (!isFarewell && proof.seq > 0 && proof.of > 0) || isSamePlace(proof, NOWHERE);
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.epoch === b.epoch && a.seq === b.seq && a.of === b.of;
}

/** One record in place of another would leave the number of records as it was. */
function hasTwins(found: readonly { readonly saying: Saying }[]): boolean {
  if (found.length === 1) return false;
  const names = found.map(({ saying }) => {
    if ('collection' in saying) return `${saying.collection}\0${saying.key}`;
    return 'field' in saying ? saying.field : `${authorOf(saying)} ${saying.kind}`;
  });
  return new Set(names).size < names.length;
}

/** What may be lost may be volatile, and nothing else. */
function isWellPlaced(message: LinkMessage): boolean {
  return message.kind !== 'gossip' || message.lane === laneOf(message.payload);
}

function laneOf(payload: Payload): Lane {
  if (payload.kind === 'topic') return 'reliable';
  return payload.kind === 'presence' && payload.grade !== 'rest' ? 'volatile' : 'record';
}

function statementBytes(room: string, saying: Saying, { epoch: life, seq, of }: Place): Uint8Array {
  const writer: Writer = { out: createEncoder(), names: plainWriters };
  const kind = kindOf(saying);
  writeText(writer, DOMAIN, DOMAIN.length);
  writeChoice(writer, payloadKinds, kind);
  writeRoom(writer, room);
  writeId(writer, authorOf(saying));
  writeUint(writer, life);
  writeChoice(writer, lanes, 'payload' in saying ? laneOf(saying.payload) : 'record');
  writeUint(writer, seq);
  writeUint(writer, of);
  writeFacts(writer, saying);
  return finish(writer, FRAME_BYTES_MAX);
}

function kindOf(saying: Saying): Payload['kind'] {
  if ('collection' in saying) return 'state';
  if ('field' in saying) return 'presence';
  return saying.kind === 'gossip' ? saying.payload.kind : saying.kind;
}

/** As code units: a room's name is any text, well-formed or not. */
function writeRoom(writer: Writer, room: string): void {
  writeUint(writer, room.length);
  for (let at = 0; at < room.length; at++) {
    const unit = room.charCodeAt(at);
    writeByte(writer, unit >>> 8);
    writeByte(writer, unit & 0xff);
  }
}

function writeFacts(writer: Writer, saying: Saying): void {
  if ('collection' in saying) return writeEntryFacts(writer, saying);
  if ('field' in saying) return writePresenceFacts(writer, saying);
  if (saying.kind !== 'gossip') return writeClaimFacts(writer, saying);
  const { payload } = saying;
  switch (payload.kind) {
    case 'topic':
      writeFollows(writer, saying);
      writeText(writer, payload.topic, TOPIC_BYTES_MAX);
      return writeValue(writer, payload.data);
    case 'verdict':
      return writeClaimFacts(writer, payload);
    case 'presence':
      return writePresenceUpdate(writer, payload);
    default:
      return unreachable(payload);
  }
}
