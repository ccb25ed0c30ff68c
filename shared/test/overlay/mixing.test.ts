/** Halves of a room that found each other, and mix. */
import { describe, expect, it } from 'vitest';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import type { OverlayEffect } from '#shared/overlay/messages.ts';
import { createBench, peer, requestIn, requestsIn, signal, type Bench } from './helpers.ts';

const self = peer(100);
const NEIGHBORS = [1, 2, 3, 4, 5, 6].map(peer);
const { partedMs, arrivalCalmMs } = defaultOverlayConfig;
/** When the other half is back. */
const BACK_MS = 100_000;
const LATER_MS = BACK_MS + arrivalCalmMs;

/** A node of full degree with 5 more members in its half and 12 in the other, `lost` of whom died and came back. */
function merged(lost: number, degree: number = 6): Bench {
  const bench = createBench(self);
  bench.feed({ kind: 'roomSize', size: 24 });
  const others = Array.from({ length: 17 }, (_, at) => peer(at + 7));
  bench.linkTo(...NEIGHBORS);
  for (const other of [...NEIGHBORS, ...others]) bench.feed({ kind: 'known', peer: other, degree });
  for (const other of others.slice(-lost)) bench.feed({ kind: 'forget', peer: other }, 1_000);
  for (const other of others.slice(-lost)) bench.feed({ kind: 'known', peer: other, degree }, BACK_MS);
  return bench;
}

const isBack = (id: string): boolean => id >= peer(12) && id < peer(24);
const asked = (effects: readonly OverlayEffect[]): string | undefined =>
  requestsIn(effects) === 0 ? undefined : requestIn(effects).to;

describe('a member of full degree whose half has found the other', () => {
  it('asks one of those who are back for a link, through the mesh and without need', () => {
    const effects = merged(12).tick(LATER_MS);
    expect(requestIn(effects)).toMatchObject({ route: null, priority: 'low', forward: false });
    expect(isBack(requestIn(effects).to)).toBe(true);
  });

  it('asks nobody where only one came back, as a tab does that hung', () => {
    expect(asked(merged(1).tick(LATER_MS))).toBeUndefined();
  });

  it('asks nobody who would have to refuse', () => {
    expect(asked(merged(12, 7).tick(LATER_MS))).toBeUndefined();
  });

  it('asks nobody any more when that was long ago', () => {
    expect(asked(merged(12).tick(BACK_MS + partedMs))).toBeUndefined();
  });

  it('is content with one link across, and gives up one within its half for it', () => {
    const bench = merged(12);
    // One neighbor has a link to spare.
    bench.feed({ kind: 'known', peer: NEIGHBORS[2]!, degree: 7 }, BACK_MS);
    const { to, attempt } = requestIn(bench.tick(LATER_MS));
    const other = [...NEIGHBORS, ...Array.from({ length: 17 }, (_, at) => peer(at + 7))].find(
      (id) => id === to,
    )!;
    bench.feed(signal(other, { kind: 'accept', attempt }), LATER_MS);
    const opened = bench.effects({ kind: 'channelOpened', peer: other, attempt }, LATER_MS + 1_000);
    expect(opened).toContainEqual({
      kind: 'send',
      to: NEIGHBORS[2],
      message: { kind: 'disconnect', reason: 'evicted' },
    });
    expect(bench.overlay.inspect().activeView).toHaveLength(6);
    expect(asked(bench.tick(LATER_MS + 10_000))).toBeUndefined();
  });

  it('keeps all its links where no neighbor has one to spare', () => {
    const bench = merged(12);
    const { to, attempt } = requestIn(bench.tick(LATER_MS));
    const other = Array.from({ length: 12 }, (_, at) => peer(at + 12)).find((id) => id === to)!;
    bench.feed(signal(other, { kind: 'accept', attempt }), LATER_MS);
    bench.feed({ kind: 'channelOpened', peer: other, attempt }, LATER_MS + 1_000);
    expect(bench.overlay.inspect().activeView).toHaveLength(7);
  });
});
