/** How long attempts have. */
import { describe, expect, it } from 'vitest';
import { attempt, signal, type Bench } from './helpers.ts';
import type { AttemptId } from '#shared/base/ids.ts';
import type { OverlayEffect } from '#shared/overlay/messages.ts';
import { a, z, asking, connecting, due } from './asking.ts';

describe('an attempt whose other end is slow', () => {
  const describedAt = (bench: Bench, id: AttemptId, atMs: number): readonly OverlayEffect[] =>
    bench
      .effects(signal(z, { kind: 'description', attempt: id, wireVersion: 1, data: 'x' }), atMs)
      .filter(({ kind }) => kind === 'schedule');
  const isOver = (bench: Bench, id: AttemptId, atMs: number): boolean =>
    bench.effects(due(z, id), atMs).some(({ kind }) => kind === 'attemptFailed');

  it('has its time from each thing that it describes', () => {
    const { bench, id } = connecting();
    expect(describedAt(bench, id, 1_000)).toEqual([]);
    expect(describedAt(bench, id, 6_000)).toEqual([
      { kind: 'schedule', timer: { kind: 'attemptDue', peer: z, attempt: id }, afterMs: 7_000 },
    ]);
    expect([10_000, 12_900, 13_000].map((atMs) => isOver(bench, id, atMs))).toEqual([false, false, true]);
  });

  it('ends all the same, however much it describes', () => {
    const { bench, id } = connecting();
    for (let atMs = 5_000; atMs < 20_000; atMs += 1_000) describedAt(bench, id, atMs);
    expect([19_900, 20_000].map((atMs) => isOver(bench, id, atMs))).toEqual([false, true]);
  });

  it('that describes nothing ends when it would have', () => {
    const { bench, id } = connecting();
    expect(isOver(bench, id, 10_000)).toBe(true);
  });
});

describe('the deadline of an attempt', () => {
  it('is five seconds for an answer', () => {
    const { bench, id } = asking();
    expect(bench.effects(due(z, id), 4_000)).toEqual([]);
    expect(bench.effects(due(z, id), 5_000)).toEqual([
      { kind: 'attemptFailed', peer: z, reason: 'no-answer' },
      { kind: 'needContacts' },
    ]);
    expect(bench.effects(due(z, id), 5_000)).toEqual([]);
  });

  it('is ten seconds for a channel; the timer of the answer comes to nothing', () => {
    const { bench, id } = connecting();
    expect(bench.effects(due(z, id), 5_000)).toEqual([]);
    expect(bench.effects(due(z, id), 10_000)).toEqual([
      { kind: 'destroy', peer: z, attempt: id },
      { kind: 'attemptFailed', peer: z, reason: 'not-opened' },
      { kind: 'needContacts' },
    ]);
  });

  it('is void once the channel is open, and for any other attempt', () => {
    const { bench, id } = connecting();
    bench.feed({ kind: 'channelOpened', peer: z, attempt: id });
    expect(bench.effects(due(z, id), 20_000)).toEqual([]);
    expect(bench.effects(due(z, attempt(9)), 20_000)).toEqual([]);
    expect(bench.effects(due(a, id), 20_000)).toEqual([]);
  });

  it('is stretched once by our own lateness', () => {
    const { bench, id } = asking();
    const again = { kind: 'schedule', timer: { kind: 'attemptDue', peer: z, attempt: id }, afterMs: 3_000 };
    expect(bench.effects(due(z, id), 8_000)).toEqual([again]);
    expect(bench.effects(due(z, id), 8_000)).toEqual([]);
    expect(bench.effects(due(z, id), 15_000)[0]).toEqual({
      kind: 'attemptFailed',
      peer: z,
      reason: 'no-answer',
    });
  });
});
