/** A hole that nobody can fill, under messages so large that few fit behind it: all that can be had comes, at a bounded price. */
import { createBroadcast } from '#shared/broadcast/broadcast.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import type { BroadcastEffect, BroadcastInput, BroadcastMessage } from '#shared/broadcast/messages.ts';
import { epoch } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { describe, expect, test } from 'vitest';
import { a, gossip, self, vector } from './helpers.ts';

const LAST = 31;

interface Outcome {
  readonly delivered: readonly number[];
  readonly gaps: readonly (readonly [number, number])[];
  readonly answered: number;
}

/** Sequences 2 to 31 of 16 kB each come from a neighbor, which answers grafts after `rttMs`, if ever. */
function listen(rttMs: number | null): Outcome {
  const deps = {
    self,
    epoch: epoch(1),
    rng: createRng([1]),
    maySay: () => true,
    overspender: () => undefined,
    isUrgent: () => false,
    isAnchor: () => true,
    isMember: () => true,
    sizeOf: () => 16_384,
  };
  const layer = createBroadcast<string>(deps, defaultBroadcastConfig);
  const agenda: { readonly atMs: number; readonly input: BroadcastInput<string> }[] = [];
  const delivered: number[] = [];
  const gaps: (readonly [number, number])[] = [];
  let answered = 0;
  let said = 1;

  const push = (atMs: number, input: BroadcastInput<string>): void => void agenda.push({ atMs, input });
  const answer = (atMs: number, first: number, last: number): void => {
    if (rttMs === null) return;
    for (let seq = Math.max(2, first); seq <= Math.min(said, last); seq++) {
      answered += 1;
      push(atMs + rttMs, message(gossip(seq, { hot: false })));
    }
  };
  const follow = (atMs: number, effect: BroadcastEffect<string>): void => {
    if (effect.kind === 'schedule') push(atMs + effect.afterMs, { kind: 'timer', timer: effect.timer });
    if (effect.kind === 'deliver') delivered.push(effect.seq);
    if (effect.kind === 'gap') gaps.push([effect.first, effect.last]);
    if (effect.kind !== 'send' || effect.message.kind !== 'graft') return;
    for (const { first, last } of effect.message.wants) answer(atMs, first, last);
  };
  const message = (sent: BroadcastMessage<string>): BroadcastInput<string> => ({
    kind: 'message',
    from: a,
    message: sent,
  });

  push(0, { kind: 'neighborUp', peer: a });
  push(0, message(vector()));
  for (let seq = 2; seq <= LAST; seq++) push(100 * seq, message(gossip(seq, { hot: false })));
  for (;;) {
    agenda.sort((one, two) => one.atMs - two.atMs);
    const due = agenda.shift();
    if (due === undefined || due.atMs > 60_000) break;
    const { input } = due;
    if (input.kind === 'message' && input.message.kind === 'gossip') said = Math.max(said, input.message.seq);
    for (const effect of layer.handle(input, now(due.atMs))) follow(due.atMs, effect);
  }
  return { delivered, gaps, answered };
}

describe('a hole that nobody fills, under a full window', () => {
  test.each([40, 120, 250])('all else is delivered once, asked for about once, %i ms away', (rttMs) => {
    const { delivered, gaps, answered } = listen(rttMs);
    expect(delivered).toEqual(Array.from({ length: LAST - 1 }, (_, at) => at + 2));
    expect(gaps).toEqual([[1, 1]]);
    expect(answered).toBeLessThan(2 * LAST);
  });

  test('what was refused and is not to be had again is told as a gap', () => {
    const { delivered, gaps } = listen(null);
    expect(delivered).toEqual(Array.from({ length: 16 }, (_, at) => at + 2));
    expect(gaps).toEqual([
      [1, 1],
      [18, LAST],
    ]);
  });
});
