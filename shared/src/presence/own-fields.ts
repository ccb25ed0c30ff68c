/**
 * What we show, and when each change of it is due: at rest at once after a rest, volatile while it goes
 * on changing, at rest again when it has been left alone.
 */
import { after, elapsedMs, instant, type Instant } from '../base/time.ts';
import { equalValues } from '../base/value-equal.ts';
import type { Value } from '../base/value.ts';
import { frameBytes, volatileIntervalMs } from './budget.ts';
import type { PresenceConfig } from './config.ts';
import { earliest } from './deadline.ts';
import { PRESENCE_SEQ_MAX, type PresenceUpdate } from './messages.ts';

export type SentFields = PresenceUpdate['fields'];

export interface VolatileFrame {
  readonly fields: SentFields;
  readonly grade: 'anchor' | 'passing';
}

export const NOTHING: VolatileFrame = { fields: [], grade: 'passing' };

export interface OwnFields {
  /** The number of the last change of any field. */
  readonly seq: () => number;
  /** Whether this is what we said ourselves, or older. */
  readonly isEcho: (said: {
    readonly field: string;
    readonly seq: number;
    readonly value: Value | undefined;
  }) => boolean;
  /**
   * Somebody claimed in our name that this field was our change of that number: all that we show is said again at
   * rest with higher ones, and so is that the field shows nothing if we never showed it.
   */
  readonly outnumber: (name: string, forged: number, at: Instant) => void;
  /** Counts from 1 again and says all again at rest, what was taken away too: somebody may not have heard of it. */
  readonly restart: (at: Instant) => void;
  /** Takes a new value; false if it is no change, or if there is no room for the field. */
  readonly change: (name: string, value: Value | undefined, at: Instant) => boolean;
  /** Fields whose publication at rest is due; they count as published. */
  readonly takeRest: (at: Instant) => SentFields;
  /**
   * Fields with an unsent change, if the throttle allows a frame now; they count as sent. One frame a second is an
   * anchor, counted from the last one that was proven, at rest or not.
   */
  readonly takeVolatile: (at: Instant, movers: number) => VolatileFrame;
  readonly restDue: () => Instant | undefined;
  readonly volatileDue: (movers: number) => Instant | undefined;
  readonly isMoving: (at: Instant) => boolean;
  readonly values: () => ReadonlyMap<string, Value>;
}

interface OwnField {
  readonly name: string;
  value: Value | undefined;
  /** The number of its last change. */
  seq: number;
  /** The number of the change last published, on either lane. */
  sentSeq: number;
  sentAt: Instant;
  changedAt: Instant;
  /** When it is due to be published at rest; `undefined`: it was, and has not changed since. */
  restAt: Instant | undefined;
}

const NEVER: Instant = instant(-Infinity);
/** Forged fields that are taken back; a frame holds twice as many as a member may show. */
const DISOWNED_MAX: number = 8;

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the one map of own fields.
export function createOwnFields(config: PresenceConfig): OwnFields {
  const fields = new Map<string, OwnField>();
  let seq = 0;
  /** Fields that others claimed we showed; at most `DISOWNED_MAX`. */
  const disowned = new Set<string>();
  /** When we last said all again, or are about to. */
  let outnumberedAt = NEVER;
  let volatileSentAt = NEVER;
  /** When we last said something that is proven to be ours. */
  let provenAt = NEVER;

  const hasRoomFor = (name: string): boolean =>
    name.length <= config.fieldLengthMax && fields.size - disowned.size < config.fieldsMax;

  const change = (name: string, value: Value | undefined, at: Instant): boolean => {
    const held = fields.get(name);
    if (equalValues(held?.value, value)) return false;
    if ((!held || disowned.has(name)) && !hasRoomFor(name)) return false;
    disowned.delete(name);
    seq += 1;
    const leads = value === undefined || !held || isAtRest(held, at, config.restMs);
    fields.set(name, {
      name,
      value,
      seq,
      sentSeq: held?.sentSeq ?? 0,
      sentAt: held?.sentAt ?? NEVER,
      changedAt: at,
      restAt: leads ? at : after(at, config.restMs),
    });
    return true;
  };

  const outnumber = (name: string, forged: number, at: Instant): void => {
    if (forged > PRESENCE_SEQ_MAX - 2 * config.fieldsMax) return;
    seq = Math.max(seq, forged);
    // Once a second at most: a flood of forgeries must not make us flood the room.
    const isPending = [...fields.values()].some(({ restAt }) => restAt === outnumberedAt);
    if (!isPending) outnumberedAt = later(at, after(outnumberedAt, config.moverMs));
    disown(name, at);
    sayAgain(outnumberedAt);
  };

  const restart = (at: Instant): void => {
    seq = 0;
    sayAgain(at);
  };

  const sayAgain = (restAt: Instant): void => {
    for (const field of fields.values()) {
      seq += 1;
      field.seq = seq;
      field.restAt = restAt;
    }
  };

  /** A field that we never showed is said to show nothing; a few such are kept, and never in the way of our own. */
  const disown = (name: string, at: Instant): void => {
    if (fields.has(name) || name.length > config.fieldLengthMax) return;
    const [oldest] = disowned;
    if (disowned.size >= DISOWNED_MAX && oldest !== undefined) {
      disowned.delete(oldest);
      fields.delete(oldest);
    }
    disowned.add(name);
    fields.set(name, {
      name,
      value: undefined,
      seq: 0,
      sentSeq: 0,
      sentAt: NEVER,
      changedAt: at,
      restAt: at,
    });
  };

  const takeRest = (at: Instant): SentFields => {
    const due = [...fields.values()].filter((field) => field.restAt !== undefined && field.restAt <= at);
    for (const field of due) field.restAt = undefined;
    if (due.length > 0) provenAt = at;
    return send(due, at);
  };

  const takeVolatile = (at: Instant, movers: number): VolatileFrame => {
    const due = volatileDue(movers);
    if (due === undefined || due > at) return NOTHING;
    // A frame that goes out late counts as sent when it was due, or one late timer would delay all that follow.
    volatileSentAt = later(due, instant(at - config.intervalMsMin / 2));
    const isAnchor = elapsedMs(provenAt, at) >= config.anchorMs;
    if (isAnchor) provenAt = at;
    return { fields: send(unsent(), volatileSentAt), grade: isAnchor ? 'anchor' : 'passing' };
  };

  const unsent = (): readonly OwnField[] => [...fields.values()].filter((field) => field.sentSeq < field.seq);

  const restDue = (): Instant | undefined => earliest(Array.from(fields.values(), (field) => field.restAt));

  /**
   * The throttle runs from the last volatile frame, and for each field also from its own last frame: so
   * a frame at rest leads its field's movement, and frames at rest of other fields never hold one back.
   */
  const volatileDue = (movers: number): Instant | undefined => {
    const waiting = unsent();
    if (waiting.length === 0) return undefined;
    const intervalMs = volatileIntervalMs({ movers, frameBytes: frameBytes(waiting.map(sentField)) }, config);
    return earliest(waiting.map(({ sentAt }) => after(later(volatileSentAt, sentAt), intervalMs)));
  };

  return {
    seq: () => seq,
    isEcho: ({ field, seq: said, value }) => {
      const held = fields.get(field);
      return held !== undefined && (said < held.seq || (said === held.seq && equalValues(held.value, value)));
    },
    outnumber,
    restart,
    change,
    takeRest,
    takeVolatile,
    restDue,
    volatileDue,
    isMoving: (at) => elapsedMs(volatileSentAt, at) < config.moverMs,
    values: () => valuesOf(fields.values()),
  };
}

function isAtRest(field: OwnField, at: Instant, restMs: number): boolean {
  return field.restAt === undefined && elapsedMs(field.changedAt, at) >= restMs;
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

function send(due: readonly OwnField[], at: Instant): SentFields {
  for (const field of due) {
    field.sentSeq = field.seq;
    field.sentAt = at;
  }
  return due.map(sentField);
}

function sentField(field: OwnField): SentFields[number] {
  return { field: field.name, seq: field.seq, value: field.value, proof: null };
}

function valuesOf(fields: Iterable<OwnField>): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  for (const { name, value } of fields) if (value !== undefined) values.set(name, value);
  return values;
}
