/** Names and short forms for the tests of state. */
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import { now } from '#shared/base/time.ts';
import type { Value } from '#shared/base/value.ts';
import { defaultStateConfig, type StateConfig } from '#shared/state/config.ts';
import type { Change, Entry, Hlc, StateEffect } from '#shared/state/messages.ts';
import { createState, type State } from '#shared/state/state.ts';

const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));

export const a: PeerId = peer(0xaa);
export const b: PeerId = peer(0xbb);
export const c: PeerId = peer(0xcc);
export const peers: readonly PeerId[] = [a, b, c, peer(0xdd), peer(0xee)];

/** A wall time to count from, so that numbers in tests stay small. */
export const T: number = 1_000_000_000;

export const hlc = (wall: number, counter: number, by: PeerId): Hlc => ({ wall, counter, by });

export function entry(
  key: string,
  value: Value | undefined,
  stamp: Hlc,
  collection: string = 'notes',
): Entry {
  return { collection, key, value, stamp, proof: null };
}

export function recordChanged({ ...record }: Entry): StateEffect {
  const { wall, counter, by } = record.stamp;
  return {
    kind: 'recordChanged',
    key: `${record.collection}\0${record.key}`,
    version: { major: wall, minor: counter, by },
    record,
  };
}

export const published = (written: Entry): StateEffect => ({
  kind: 'publish',
  update: { kind: 'state', entries: [written] },
});

export const stateChanged = (...changes: Change[]): StateEffect => ({ kind: 'stateChanged', changes });

/** The change that `written` makes over `old`. */
export function change(written: Entry, old: Value | undefined, source: 'local' | 'remote'): Change {
  const { collection, key, value, stamp } = written;
  return { collection, key, old, value, by: stamp.by, at: stamp.wall, local: source === 'local' };
}

/** A replica with short forms for its inputs; time is given as wall milliseconds. */
export interface Replica {
  readonly state: State;
  readonly start: (wall: number) => readonly StateEffect[];
  readonly write: (wall: number, key: string, value: Value | undefined) => readonly StateEffect[];
  readonly link: (wall: number, linked: boolean) => readonly StateEffect[];
  readonly apply: (wall: number, ...entries: Entry[]) => readonly StateEffect[];
  /** Runs the collection whose timer was last scheduled. */
  readonly collect: (wall: number) => readonly StateEffect[];
  readonly values: (collection?: string) => Record<string, Value>;
}

export function createReplica(self: PeerId, changes: Partial<StateConfig> = {}): Replica {
  const state = createState({ self }, { ...defaultStateConfig, ...changes });
  let token = 0;
  const noteTimer = (effects: readonly StateEffect[]): readonly StateEffect[] => {
    for (const effect of effects) if (effect.kind === 'schedule') token = effect.timer.token;
    return effects;
  };
  return {
    state,
    start: (wall) => noteTimer(state.handle({ kind: 'start' }, now(wall))),
    write: (wall, key, value) => state.handle({ kind: 'write', collection: 'notes', key, value }, now(wall)),
    link: (wall, linked) => state.handle({ kind: 'linked', linked }, now(wall)),
    apply: (wall, ...entries) => state.handle({ kind: 'apply', from: b, entries }, now(wall)),
    collect: (wall) =>
      noteTimer(state.handle({ kind: 'timer', timer: { kind: 'collect', token } }, now(wall))),
    values: (collection = 'notes') => Object.fromEntries(state.inspect().collections.get(collection) ?? []),
  };
}
