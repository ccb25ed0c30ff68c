/** Names and short forms for the tests of presence. */
import { bytesToPeerId, epoch, type Epoch, type PeerId } from '#shared/base/ids.ts';
import { now } from '#shared/base/time.ts';
import type { Value } from '#shared/base/value.ts';
import { defaultPresenceConfig, type PresenceConfig } from '#shared/presence/config.ts';
import type {
  Grade,
  PresenceEffect,
  PresenceInput,
  PresenceRecord,
  PresenceSnapshot,
  PresenceTimer,
  PresenceUpdate,
} from '#shared/presence/messages.ts';
import { createPresence } from '#shared/presence/presence.ts';

export const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));

export const a: PeerId = peer(0xaa);
export const b: PeerId = peer(0xbb);
export const c: PeerId = peer(0xcc);

/** Field, sequence, value. */
export type Claimed = readonly [field: string, seq: number, value: Value | undefined];

export interface Origin {
  readonly owner: PeerId;
  readonly epoch?: number;
}

export function updateOf(origin: Origin, grade: Grade, fields: readonly Claimed[]): PresenceUpdate {
  return {
    kind: 'presence',
    owner: origin.owner,
    epoch: epoch(origin.epoch ?? 1),
    grade,
    fields: fields.map(([field, seq, value]) => ({ field, seq, value, proof: null })),
  };
}

export const restUpdate = (origin: Origin, ...fields: Claimed[]): PresenceUpdate =>
  updateOf(origin, 'rest', fields);
export const volatileUpdate = (origin: Origin, ...fields: Claimed[]): PresenceUpdate =>
  updateOf(origin, 'passing', fields);
export const anchorUpdate = (origin: Origin, ...fields: Claimed[]): PresenceUpdate =>
  updateOf(origin, 'anchor', fields);

export function record(origin: Origin, [field, seq, value]: Claimed): PresenceRecord {
  return { owner: origin.owner, epoch: epoch(origin.epoch ?? 1), field, seq, value, proof: null };
}

export const published = (update: PresenceUpdate): PresenceEffect => ({ kind: 'publish', update });

export function presenceChanged(owner: PeerId, fields: Record<string, Value | undefined>): PresenceEffect {
  return { kind: 'presenceChanged', owner, fields: new Map(Object.entries(fields)) };
}

export function recordChanged(kept: PresenceRecord): PresenceEffect {
  const { owner, field, epoch: major, seq: minor } = kept;
  return {
    kind: 'recordChanged',
    key: `${owner}/${field}`,
    version: { major, minor, by: null },
    record: kept,
  };
}

export const recordRemoved = (owner: PeerId, field: string): PresenceEffect => ({
  kind: 'recordRemoved',
  key: `${owner}/${field}`,
});

export const misbehaved = (reason: string, by: PeerId = c): PresenceEffect => ({
  kind: 'peerMisbehaved',
  peer: by,
  reason,
});

export function scheduled(kind: PresenceTimer['kind'], token: number, afterMs: number): PresenceEffect {
  return { kind: 'schedule', timer: { kind, token }, afterMs };
}

/** Presence of `a` with short forms for its inputs, and a clock that fires the timers it scheduled. */
export interface Shower {
  readonly handle: (at: number, input: PresenceInput) => readonly PresenceEffect[];
  readonly set: (at: number, fields: Record<string, Value | undefined>) => readonly PresenceEffect[];
  readonly update: (at: number, update: PresenceUpdate) => readonly PresenceEffect[];
  readonly records: (at: number, ...records: PresenceRecord[]) => readonly PresenceEffect[];
  readonly neighbors: (at: number, count: number) => readonly PresenceEffect[];
  /** Fires every timer due until then, at its time; returns what that gave, but no schedules. */
  readonly runUntil: (at: number) => readonly PresenceEffect[];
  readonly inspect: () => PresenceSnapshot;
  /** What `owner` is seen to show. */
  readonly shows: (owner: PeerId) => Record<string, Value>;
}

export function createShower(
  options: { self?: PeerId; epoch?: Epoch; config?: Partial<PresenceConfig> } = {},
): Shower {
  const presence = createPresence(
    { self: options.self ?? a, epoch: options.epoch ?? epoch(1) },
    { ...defaultPresenceConfig, ...options.config },
  );
  let timers: { readonly dueMs: number; readonly timer: PresenceTimer }[] = [];

  const handle = (at: number, input: PresenceInput): readonly PresenceEffect[] => {
    const effects = presence.handle(input, now(at));
    for (const effect of effects) {
      if (effect.kind === 'schedule') timers.push({ dueMs: at + effect.afterMs, timer: effect.timer });
    }
    return effects;
  };

  const runUntil = (at: number): readonly PresenceEffect[] => {
    const told: PresenceEffect[] = [];
    for (;;) {
      timers = timers.toSorted((x, y) => x.dueMs - y.dueMs);
      const [next, ...rest] = timers;
      if (!next || next.dueMs > at) return told;
      timers = rest;
      const effects = handle(next.dueMs, { kind: 'timer', timer: next.timer });
      told.push(...effects.filter(({ kind }) => kind !== 'schedule'));
    }
  };

  return {
    handle,
    set: (at, fields) => handle(at, { kind: 'set', fields: new Map(Object.entries(fields)) }),
    update: (at, update) => handle(at, { kind: 'update', from: c, update }),
    records: (at, ...records) => handle(at, { kind: 'records', from: c, records }),
    neighbors: (at, count) => handle(at, { kind: 'neighbors', count }),
    runUntil,
    inspect: presence.inspect,
    shows: (owner) => Object.fromEntries(presence.inspect().fieldsByOwner.get(owner) ?? []),
  };
}
