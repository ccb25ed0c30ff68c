/** Short names, claims and layers for the membership tests. */
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { defaultMembershipConfig, type MembershipConfig } from '#shared/membership/config.ts';
import { createMembership, type Membership } from '#shared/membership/membership.ts';
import type {
  Accusation,
  Claim,
  IdentityRecord,
  LinksRecord,
  MembershipEffect,
  MembershipInput,
  MembershipTimer,
  Objection,
  Verdict,
} from '#shared/membership/messages.ts';

// Short names read better than 32 digits, and the layer never looks inside.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const peer = (name: string): PeerId => name as PeerId;
export const a: PeerId = peer('a');
export const b: PeerId = peer('b');
export const c: PeerId = peer('c');
export const d: PeerId = peer('d');
export const e: PeerId = peer('e');

export function identity(
  id: PeerId,
  change: { epoch?: number; inc?: number; left?: boolean; wireVersion?: number } = {},
): IdentityRecord {
  return {
    kind: 'identity',
    id,
    epoch: epoch(change.epoch ?? 1),
    incarnation: incarnation(change.inc ?? 0),
    left: change.left ?? false,
    wireVersion: change.wireVersion ?? 1,
    card: new Uint8Array(0),
    proof: null,
  };
}

export function links(
  id: PeerId,
  neighbors: readonly PeerId[],
  change: { epoch?: number; seq?: number } = {},
): LinksRecord {
  return {
    kind: 'links',
    id,
    epoch: epoch(change.epoch ?? 1),
    seq: change.seq ?? 1,
    neighbors,
    stability: 0,
    greeter: false,
    proof: null,
  };
}

export function accusation(
  target: PeerId,
  observer: PeerId,
  change: { epoch?: number; inc?: number; silentMs?: number; reached?: boolean } = {},
): Accusation {
  return {
    kind: 'accusation',
    target,
    epoch: epoch(change.epoch ?? 1),
    incarnation: incarnation(change.inc ?? 0),
    observer,
    silentMs: change.silentMs ?? 2_300,
    reached: change.reached ?? false,
    proof: null,
  };
}

export function objection(target: PeerId, observer: PeerId, inc: number = 0): Objection {
  return { kind: 'objection', target, epoch: epoch(1), incarnation: incarnation(inc), observer, proof: null };
}

export function verdict(target: PeerId, observers: readonly PeerId[], inc: number = 0): Verdict {
  return {
    kind: 'verdict',
    target,
    epoch: epoch(1),
    incarnation: incarnation(inc),
    accusations: observers.map((observer) => accusation(target, observer, { inc })),
  };
}

/** One layer with a clock that the test turns. */
export interface Bench {
  readonly layer: Membership;
  readonly at: (ms: number, input: MembershipInput) => readonly MembershipEffect[];
  readonly claim: (ms: number, from: PeerId, claim: Claim) => readonly MembershipEffect[];
  /** Delivers every watch, orphans and links timer due up to `ms`, on time; returns what is said and told of members. */
  readonly runTo: (ms: number) => readonly MembershipEffect[];
  /** The newest timer of this kind. */
  readonly timer: (kind: MembershipTimer['kind']) => MembershipTimer;
}

interface Pending {
  readonly at: number;
  readonly timer: MembershipTimer;
}

/** Starts `a` at 0. Timers are delivered only by `runTo`. */
export function createBench(change: Partial<MembershipConfig> = {}): Bench {
  const config = { ...defaultMembershipConfig, ...change };
  const layer = createMembership({ self: a, epoch: epoch(1), rng: createRng([7]) }, config);
  let pending: Pending[] = [];
  const newest = new Map<string, MembershipTimer>();

  const at = (ms: number, input: MembershipInput): readonly MembershipEffect[] => {
    const effects = layer.handle(input, now(ms));
    for (const effect of effects) {
      if (effect.kind !== 'schedule') continue;
      pending.push({ at: ms + effect.afterMs, timer: effect.timer });
      newest.set(effect.timer.kind, effect.timer);
    }
    return effects;
  };
  const runTo = (ms: number): readonly MembershipEffect[] => {
    const effects: MembershipEffect[] = [];
    for (;;) {
      const due = pending.filter((one) => one.at <= ms).toSorted((x, y) => x.at - y.at)[0];
      if (!due) return effects;
      pending = pending.filter((one) => one !== due);
      const told = withoutSchedules(at(due.at, { kind: 'timer', timer: due.timer }));
      effects.push(...told.filter(({ kind }) => kind !== 'neighborSilent'));
    }
  };
  at(0, { kind: 'start' });
  return {
    layer,
    at,
    claim: (ms, from, claim) => at(ms, { kind: 'claim', from, claim }),
    runTo,
    timer: (kind) => newest.get(kind)!,
  };
}

export function withoutSchedules(effects: readonly MembershipEffect[]): readonly MembershipEffect[] {
  return effects.filter((effect) => effect.kind !== 'schedule');
}

/** The same without that it slept, and what a sleeper asks its neighbors on waking. */
export function withoutProbe(effects: readonly MembershipEffect[]): readonly MembershipEffect[] {
  return withoutSchedules(effects).filter(({ kind }) => !['slept', 'probed', 'send'].includes(kind));
}

/** A bench where `others` are known members and `neighbors` of them are linked, all at time 0. */
export function createRoom(
  others: readonly PeerId[],
  neighbors: readonly PeerId[],
  change: Partial<MembershipConfig> = {},
): Bench {
  const bench = createBench(change);
  for (const id of others) bench.claim(0, id, identity(id));
  for (const id of neighbors) bench.at(0, { kind: 'neighborUp', peer: id });
  return bench;
}

/** Hears these neighbors every 500 ms up to `ms` with all timers in between. */
export function keepHearing(
  bench: Bench,
  peers: readonly PeerId[],
  [from, to]: readonly [number, number],
): void {
  for (let ms = from; ms <= to; ms += 500) {
    bench.runTo(ms);
    for (const id of peers) bench.at(ms, { kind: 'heard', peer: id });
  }
}
