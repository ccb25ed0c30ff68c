/** Members joined by channels of 10 to 50 ms, in virtual time. What travels on a channel when it is cut is lost. */
import type { PeerId } from '#shared/base/ids.ts';
import type { Rng } from '#shared/base/rng.ts';
import { createMember, type Effect, type Input, type Member, neighborsIn } from './fixture.ts';

export interface FakeMesh {
  readonly member: (id: PeerId) => Member;
  readonly give: (id: PeerId, input: Input) => void;
  readonly at: (atMs: number, run: () => void) => void;
  /** Both ends know at once, everyone else after `heardAfterMs`. */
  readonly cut: (edge: readonly [PeerId, PeerId], heardAfterMs: number) => void;
  /** Attached members reach each other through the server. */
  readonly attach: (id: PeerId) => void;
  readonly runUntil: (atMs: number) => void;
  readonly told: { readonly id: PeerId; readonly atMs: number; readonly effect: Effect }[];
  /** Messages put on channels and, apart, on the server. */
  readonly counts: { sent: number; byServer: number };
}

/** What every function of this world needs. */
interface Core {
  readonly members: ReadonlyMap<PeerId, Member>;
  readonly clock: Clock;
  readonly channels: Set<string>;
  readonly attached: Set<PeerId>;
  readonly told: FakeMesh['told'];
  readonly counts: FakeMesh['counts'];
  readonly latencyMs: () => number;
}

function giveTo(core: Core, id: PeerId, input: Input): void {
  const effects = core.members.get(id)?.handle(input, core.clock.nowMs()) ?? [];
  for (const effect of effects) carryOut(core, id, effect);
}

function carryOut(core: Core, id: PeerId, effect: Effect): void {
  const { clock, channels, attached, counts } = core;
  const later = (afterMs: number, run: () => void): void => clock.at(clock.nowMs() + afterMs, run);
  if (effect.kind === 'schedule')
    later(effect.afterMs, () => giveTo(core, id, { kind: 'timer', timer: effect.timer }));
  else if (effect.kind === 'send') {
    counts.sent++;
    later(core.latencyMs(), () => {
      if (channels.has(id + effect.to))
        giveTo(core, effect.to, { kind: 'message', from: id, message: effect.message });
    });
  } else if (effect.kind === 'serverSend') {
    counts.byServer++;
    later(core.latencyMs(), () => {
      if (attached.has(id) && attached.has(effect.to))
        giveTo(core, effect.to, { kind: 'serverMessage', from: id, message: effect.message });
    });
  } else core.told.push({ id, atMs: clock.nowMs(), effect });
}

export function createFakeMesh(
  ids: readonly PeerId[],
  edges: readonly (readonly [PeerId, PeerId])[],
  rng: Rng,
): FakeMesh {
  const core: Core = {
    members: new Map(ids.map((id) => [id, createMember(id)])),
    clock: createClock(),
    channels: new Set(edges.flatMap(([one, other]) => [one + other, other + one])),
    attached: new Set(),
    told: [],
    counts: { sent: 0, byServer: 0 },
    latencyMs: () => 10 + rng.below(41),
  };
  const { clock, channels, attached, told, counts } = core;
  const give = (id: PeerId, input: Input): void => giveTo(core, id, input);
  const tellLinks = (id: PeerId, neighbors: readonly PeerId[]): void => {
    for (const other of ids) give(other, { kind: 'links', id, neighbors });
  };

  const neighborsOf = neighborsIn(edges);
  for (const [id, neighbors] of neighborsOf) {
    for (const peer of neighbors) give(id, { kind: 'neighborUp', peer });
    tellLinks(id, neighbors);
  }
  return {
    member: (id) => core.members.get(id)!,
    give,
    at: clock.at,
    cut: ([one, other], heardAfterMs) => {
      for (const [id, peer] of [
        [one, other],
        [other, one],
      ] as const) {
        channels.delete(id + peer);
        neighborsOf.set(
          id,
          neighborsOf.get(id)!.filter((neighbor) => neighbor !== peer),
        );
        give(id, { kind: 'neighborDown', peer });
        clock.at(clock.nowMs() + heardAfterMs, () => tellLinks(id, neighborsOf.get(id)!));
      }
    },
    attach: (id) => {
      attached.add(id);
      give(id, { kind: 'serverAttached' });
    },
    runUntil: clock.runUntil,
    told,
    counts,
  };
}

interface Clock {
  readonly nowMs: () => number;
  readonly at: (atMs: number, run: () => void) => void;
  readonly runUntil: (atMs: number) => void;
}

/** Runs what is planned in order of time; of one time, in the order of planning. */
function createClock(): Clock {
  const runsByTime = new Map<number, (() => void)[]>();
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    at: (atMs, run) => {
      const due = Math.max(nowMs, Math.round(atMs));
      const runs = runsByTime.get(due) ?? [];
      runsByTime.set(due, runs);
      runs.push(run);
    },
    runUntil: (endMs) => {
      for (; nowMs <= endMs; nowMs++) {
        const runs = runsByTime.get(nowMs) ?? [];
        // Grows while it runs when something is planned for this very time.
        for (const run of runs) run();
        runsByTime.delete(nowMs);
      }
    },
  };
}
