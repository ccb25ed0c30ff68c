/** A silent neighbor whose browser still answers: its page hangs, or its line stalls. It is suspect, and not soon dead. */
import { describe, expect, it } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { defaultMembershipConfig as config } from '#shared/membership/config.ts';
import { createSilence } from '#shared/membership/silence.ts';
import { claimsOf, publish } from './expected.ts';
import {
  a,
  accusation,
  b,
  c,
  createRoom,
  d,
  e,
  keepHearing,
  links,
  verdict,
  type Bench,
} from './fixtures.ts';

const { reachedAfterMs, reachedDeadlineMs } = config;

const isHere = (bench: Bench, id: PeerId): boolean => bench.layer.inspect().members.has(id);

describe('packets', () => {
  it('say so once they have come for longer than a page would take to answer', () => {
    const silence = createSilence(config, instant(0), true);
    silence.pinged(1, instant(0));
    silence.acked(1, instant(100));
    silence.heard(instant(1_000));
    silence.reached(instant(1_000 + reachedAfterMs + 100 - 1));
    expect(silence.isReached()).toBe(false);
    silence.reached(instant(1_000 + reachedAfterMs + 100));
    // What is looked up late may tell of an earlier one.
    silence.reached(instant(1_500));
    expect(silence.isReached()).toBe(true);
    silence.heard(instant(5_000));
    expect(silence.isReached()).toBe(false);
  });
});

describe('a neighbor that hangs', () => {
  it('is accused as one whose browser is reached, as soon as any', () => {
    const bench = createRoom([b, c], [b, c]);
    keepHearing(bench, [b], [500, 2_000]);
    bench.at(2_000, { kind: 'reached', peer: c, quietMs: 200 });
    expect(bench.runTo(2_500)).toContainEqual(publish(accusation(c, a, { silentMs: 2_250, reached: true })));
  });

  it('is accused as any where the last packet is as old as its last word', () => {
    const bench = createRoom([b, c], [b, c]);
    keepHearing(bench, [b], [500, 2_000]);
    bench.at(2_000, { kind: 'reached', peer: c, quietMs: 1_200 });
    expect(bench.runTo(2_500)).toContainEqual(publish(accusation(c, a, { silentMs: 2_250 })));
  });

  it('that turns out to be reached after it was accused is accused once more', () => {
    const bench = createRoom([b, c], [b, c]);
    keepHearing(bench, [b], [500, 2_500]);
    bench.at(2_600, { kind: 'reached', peer: c, quietMs: 0 });
    const told = bench.runTo(2_750);
    expect(told).toContainEqual(publish(accusation(c, a, { silentMs: 2_750, reached: true })));
    expect(told).not.toContainEqual({ kind: 'neighborSuspected', peer: c });
    bench.at(2_800, { kind: 'reached', peer: c, quietMs: 0 });
    expect(claimsOf(bench.runTo(3_400), 'accusation')).toEqual([]);
  });

  it.each([
    { room: 'a room', others: [b, c] },
    { room: 'a room of two', others: [c] },
  ])('is dead in $room 15 s after its last word, and no sooner', ({ others }) => {
    const bench = createRoom(others, others);
    const rest = others.filter((id) => id !== c);
    keepHearing(bench, rest, [500, 2_000]);
    bench.at(2_000, { kind: 'reached', peer: c, quietMs: 0 });
    keepHearing(bench, rest, [2_500, reachedDeadlineMs - 250]);
    expect(isHere(bench, c)).toBe(true);
    keepHearing(bench, rest, [reachedDeadlineMs, reachedDeadlineMs + 500]);
    expect(isHere(bench, c)).toBe(false);
  });

  it('that speaks is alive again', () => {
    const bench = createRoom([b, c], [b, c]);
    keepHearing(bench, [b], [500, 2_000]);
    bench.at(2_000, { kind: 'reached', peer: c, quietMs: 0 });
    keepHearing(bench, [b], [2_500, 12_000]);
    bench.at(12_100, { kind: 'heard', peer: c });
    keepHearing(bench, [b, c], [12_500, 20_000]);
    expect(bench.layer.inspect().members.get(c)?.status).toBe('alive');
  });
});

describe('a member that others reach', () => {
  const suspect = (of: { readonly reachedBy: PeerId }): Bench => {
    const bench = createRoom([b, c, d, e], [b]);
    bench.claim(0, e, links(e, [b, c]));
    for (const observer of [b, c, d])
      bench.claim(1_000, b, accusation(e, observer, { reached: observer === of.reachedBy }));
    return bench;
  };

  it('is not dead for as long, however many have not heard it', () => {
    const bench = suspect({ reachedBy: c });
    // Their 2.3 s of silence count.
    const deadMs = 1_000 - 2_300 + reachedDeadlineMs;
    keepHearing(bench, [b], [1_500, deadMs - 250]);
    expect(isHere(bench, e)).toBe(true);
    keepHearing(bench, [b], [deadMs, deadMs + 500]);
    expect(isHere(bench, e)).toBe(false);
  });

  it('is not ended by the verdict of one who does not know it', () => {
    const bench = suspect({ reachedBy: c });
    keepHearing(bench, [b], [1_500, 4_000]);
    bench.claim(4_000, b, verdict(e, [b, d]));
    expect(isHere(bench, e)).toBe(true);
    keepHearing(bench, [b], [4_500, 15_000]);
    bench.claim(15_000, b, verdict(e, [b, d]));
    expect(isHere(bench, e)).toBe(false);
  });

  it('is not dead for as long also where that is told only after they agree', () => {
    const bench = createRoom([b, c, d, e], [b]);
    bench.claim(0, e, links(e, [b, c, d]));
    for (const observer of [b, c, d]) bench.claim(1_000, b, accusation(e, observer));
    bench.claim(1_200, b, accusation(e, c, { silentMs: 2_500, reached: true }));
    keepHearing(bench, [b], [1_500, 13_000]);
    expect(isHere(bench, e)).toBe(true);
    keepHearing(bench, [b], [13_500, 14_500]);
    expect(isHere(bench, e)).toBe(false);
  });

  it('is dead as soon as any where only somebody says so whom it does not name', () => {
    const bench = suspect({ reachedBy: d });
    keepHearing(bench, [b], [1_500, 3_500]);
    expect(isHere(bench, e)).toBe(false);
  });
});
