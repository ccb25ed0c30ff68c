/** Several replicas, each with a wall clock of its own, in virtual time over links that delay and reorder. */
import { describe, expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { instant, type Now, wallMillis } from '#shared/base/time.ts';
import { defaultStateConfig } from '#shared/state/config.ts';
import type { Entry, StateEffect } from '#shared/state/messages.ts';
import { createState, type State } from '#shared/state/state.ts';
import { peers, T } from './fixture.ts';

interface World {
  readonly replicas: readonly State[];
  readonly write: (at: number, who: number, key: string, value: string | undefined) => void;
  /** Tells everyone the raw clock offset of everyone. */
  readonly compareClocks: () => void;
  /** Delivers everything under way. */
  readonly settle: () => void;
}

function createWorld(options: { skewsMs: readonly number[]; latencyMsMax: number; seed: number }): World {
  const rng = createRng([options.seed]);
  const replicas = options.skewsMs.map((_, who) => createState({ self: peers[who]! }, defaultStateConfig));
  let underWay: { dueMs: number; to: number; from: number; entries: readonly Entry[] }[] = [];
  const time = (who: number, atMs: number): Now => ({
    instant: instant(atMs),
    wall: wallMillis(T + atMs + options.skewsMs[who]!),
  });

  const deliverUntil = (atMs: number): void => {
    const due = underWay.filter(({ dueMs }) => dueMs <= atMs).toSorted((x, y) => x.dueMs - y.dueMs);
    underWay = underWay.filter(({ dueMs }) => dueMs > atMs);
    for (const { dueMs, to, from, entries } of due) {
      replicas[to]!.handle({ kind: 'apply', from: peers[from]!, entries }, time(to, dueMs));
    }
  };

  const send = (effects: readonly StateEffect[], from: number, atMs: number): void => {
    for (const effect of effects) {
      if (effect.kind !== 'publish') continue;
      for (const to of replicas.keys()) {
        const dueMs = atMs + 1 + rng.below(options.latencyMsMax);
        if (to !== from) underWay.push({ dueMs, to, from, entries: effect.update.entries });
      }
    }
  };

  return {
    replicas,
    write: (atMs, who, key, value) => {
      deliverUntil(atMs);
      const effects = replicas[who]!.handle(
        { kind: 'write', collection: 'notes', key, value },
        time(who, atMs),
      );
      send(effects, who, atMs);
    },
    compareClocks: () => {
      for (const [who, replica] of replicas.entries()) {
        for (const [other, skewMs] of options.skewsMs.entries()) {
          const offsetMs = skewMs - options.skewsMs[who]!;
          const sample = { kind: 'clockSample', peer: peers[other]!, offsetMs } as const;
          if (other !== who) replica.handle(sample, time(who, 0));
        }
      }
    },
    settle: () => deliverUntil(Infinity),
  };
}

const MINUTE = 60_000;

describe('replicas', () => {
  test.each([1, 2, 3, 4, 5])('with wrong wall clocks hold the same in the end (seed %d)', (seed) => {
    const skewsMs = [0, 10 * MINUTE, -10 * MINUTE, 3_000, -20 * 60 * MINUTE];
    const world = createWorld({ skewsMs, latencyMsMax: 400, seed });
    const rng = createRng([seed, 7]);
    for (let at = 0; at < 200; at++) {
      const value = rng.below(4) === 0 ? undefined : `v${at}`;
      world.write(at * 20, rng.below(5), `k${rng.below(6)}`, value);
    }
    world.settle();
    const [first, ...others] = world.replicas.map((replica) => replica.inspect());
    expect(first?.entries).toBeGreaterThan(0);
    for (const other of others) expect(other.collections).toEqual(first?.collections);
  });

  test('that compared clocks let the last writer win, though one clock is ten minutes ahead', () => {
    const world = createWorld({ skewsMs: [0, 10 * MINUTE, 20, -30, 10], latencyMsMax: 50, seed: 1 });
    world.compareClocks();
    const rng = createRng([11]);
    let last = '';
    for (let at = 0; at < 100; at++) {
      last = `v${at}`;
      world.write(at * 200, rng.below(5), 'k', last);
    }
    world.settle();
    for (const replica of world.replicas) {
      expect(replica.inspect().collections.get('notes')).toEqual(new Map([['k', last]]));
    }
  });

  test('that compared clocks order even writers who have not heard each other', () => {
    const world = createWorld({ skewsMs: [0, 10 * MINUTE, 20, -30, 10], latencyMsMax: 1_000, seed: 2 });
    world.compareClocks();
    world.write(0, 1, 'k', 'by the wrong clock');
    world.write(300, 0, 'k', 'later');
    world.settle();
    for (const replica of world.replicas) {
      expect(replica.inspect().collections.get('notes')).toEqual(new Map([['k', 'later']]));
    }
  });

  test('a pair with clocks far apart meets in the middle', () => {
    const world = createWorld({ skewsMs: [0, 10 * MINUTE], latencyMsMax: 50, seed: 3 });
    world.compareClocks();
    expect(world.replicas.map((replica) => replica.inspect().offsetMs)).toEqual([5 * MINUTE, -5 * MINUTE]);
  });
});
