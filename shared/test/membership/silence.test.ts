import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { instant } from '#shared/base/time.ts';
import { defaultMembershipConfig as config } from '#shared/membership/config.ts';
import { createHealth } from '#shared/membership/health.ts';
import { createSilence, percentile99, smoothRtt, suspectAfterMs } from '#shared/membership/silence.ts';

describe('a neighbor is suspect', () => {
  it.each([
    {
      name: 'never before 2.2 s',
      slowerTickMs: 250,
      rttvarMs: 5,
      gapMs: 20,
      secondPauseMs: 700,
      expected: 2_200,
    },
    {
      name: 'after three 99th percentile gaps',
      slowerTickMs: 250,
      rttvarMs: 5,
      gapMs: 1_100,
      secondPauseMs: 700,
      expected: 3_300,
    },
    {
      name: 'after two of the second longest pause of some minutes',
      slowerTickMs: 250,
      rttvarMs: 5,
      gapMs: 100,
      secondPauseMs: 1_800,
      expected: 3_600,
    },
    {
      name: 'after 3.5 s where an end is hidden',
      slowerTickMs: 1_000,
      rttvarMs: 5,
      gapMs: 20,
      secondPauseMs: 700,
      expected: 3_500,
    },
    {
      name: 'after two ticks and four variations',
      slowerTickMs: 1_000,
      rttvarMs: 600,
      gapMs: 20,
      secondPauseMs: 700,
      expected: 4_400,
    },
    {
      name: 'after 6 s at the latest',
      slowerTickMs: 2_000,
      rttvarMs: 900,
      gapMs: 9_000,
      secondPauseMs: 9_000,
      expected: 6_000,
    },
  ])('$name', ({ expected, ...facts }) => {
    expect(suspectAfterMs(facts, config)).toBe(expected);
  });
});

describe('round trips', () => {
  it('are smoothed as RFC 6298 says', () => {
    const first = smoothRtt(null, 100);
    expect(first).toEqual({ srttMs: 100, rttvarMs: 50 });
    expect(smoothRtt(first, 180)).toEqual({ srttMs: 110, rttvarMs: 57.5 });
  });

  it.each([
    { values: [], expected: 0 },
    { values: [7], expected: 7 },
    { values: Array.from({ length: 100 }, (_, at) => at + 1), expected: 99 },
    { values: Array.from({ length: 256 }, (_, at) => 256 - at), expected: 254 },
  ])('the 99th percentile of $values.length values is $expected', ({ values, expected }) => {
    expect(percentile99(values)).toBe(expected);
  });

  test.prop([fc.array(fc.nat(10_000), { minLength: 1 })], { seed: 5 })(
    'the percentile is one of the values',
    (values) => {
      expect(values).toContain(percentile99(values));
    },
  );
});

describe('silence', () => {
  it('counts from the last frame', () => {
    const silence = createSilence(config, instant(0), true);
    silence.heard(instant(400));
    expect(silence.silentMs(instant(1_000))).toBe(600);
  });

  it('asks for a ping before it has lasted too long, and again after the repeat', () => {
    const silence = createSilence(config, instant(0), true);
    expect(silence.pingDue(instant(650), 250)).toBe(false);
    expect(silence.pingDue(instant(651), 250)).toBe(true);
    silence.pinged(1, instant(651));
    expect(silence.pingDue(instant(800), 250)).toBe(false);
    expect(silence.pingDue(instant(901), 250)).toBe(true);
    silence.heard(instant(910));
    expect(silence.pingDue(instant(1_151), 250)).toBe(false);
  });

  it('asks for no ping earlier because a longer tick is announced', () => {
    const silence = createSilence(config, instant(0), true);
    expect(silence.pingDue(instant(650), 1_000)).toBe(false);
    expect(silence.pingDue(instant(651), 1_000)).toBe(true);
  });

  it('leaves every second ping to the other end, unless none comes', () => {
    const silence = createSilence(config, instant(0), true);
    silence.announced(250);
    silence.heard(instant(0));
    silence.pinged(1, instant(700));
    silence.heard(instant(750));
    expect(silence.pingDue(instant(750 + 900), 250)).toBe(false);
    expect(silence.pingDue(instant(750 + 901), 250)).toBe(true);
    silence.pinged(2, instant(750 + 901));
    silence.heard(instant(1_700));
    // The other let its turn pass: it is not left the next.
    expect(silence.pingDue(instant(1_700 + 651), 250)).toBe(true);
    silence.announced(250);
    silence.heard(instant(2_400));
    expect(silence.pingDue(instant(2_400 + 651), 250)).toBe(true);
  });

  it.each([
    { leads: true, dueAfterMs: 651 },
    { leads: false, dueAfterMs: 901 },
  ])('has one turn next after pings that crossed: $leads', ({ leads, dueAfterMs }) => {
    const silence = createSilence(config, instant(0), leads);
    silence.pinged(1, instant(0));
    silence.announced(250);
    silence.heard(instant(20));
    expect(silence.pingDue(instant(20 + dueAfterMs - 1), 250)).toBe(false);
    expect(silence.pingDue(instant(20 + dueAfterMs), 250)).toBe(true);
  });

  it('asks for a ping when the last is five seconds old, however much it hears', () => {
    const silence = createSilence(config, instant(0), true);
    silence.pinged(1, instant(100));
    for (const ms of [1_000, 2_000, 3_000, 4_000, 5_000]) silence.heard(instant(ms));
    expect(silence.pingDue(instant(5_099), 250)).toBe(false);
    expect(silence.pingDue(instant(5_100), 250)).toBe(true);
    silence.pinged(2, instant(5_100));
    silence.heard(instant(5_200));
    expect(silence.pingDue(instant(5_350), 250)).toBe(false);
  });

  it('knows only the probes that it sent last, each once', () => {
    const silence = createSilence(config, instant(0), true);
    for (let probe = 0; probe <= config.probesMax; probe++) silence.pinged(probe, instant(probe));
    expect(silence.acked(0, instant(50))).toBeNull();
    expect(silence.acked(1, instant(50))).toBe(49);
    expect(silence.acked(1, instant(50))).toBeNull();
    expect(silence.acked(99, instant(50))).toBeNull();
  });

  it('makes patience of its pauses, but not of one that this tab slept through', () => {
    const silence = createSilence(config, instant(0), true);
    silence.heard(instant(1_000));
    expect(silence.suspectAfterMs(250)).toBe(3_000);
    silence.restart(instant(30_000));
    silence.heard(instant(30_100));
    expect(silence.suspectAfterMs(250)).toBe(3_000);
  });

  it('makes patience of stalls that are rare among many frames, once there were two, for two minutes', () => {
    const silence = createSilence(config, instant(0), true);
    let atMs = 0;
    const hearFor = (ms: number): void => {
      for (const until = atMs + ms; atMs < until;) silence.heard(instant((atMs += 50)));
    };
    const stall = (ms: number): void => silence.heard(instant((atMs += ms)));
    hearFor(20_000);
    stall(2_500);
    hearFor(20_000);
    expect(silence.suspectAfterMs(250)).toBe(2_200);
    stall(2_100);
    // One of them alone is none of the 256 pauses that are remembered by their number.
    hearFor(20_000);
    expect(silence.suspectAfterMs(250)).toBe(4_200);
    hearFor(110_000);
    expect(silence.suspectAfterMs(250)).toBe(2_200);
    // Those of our own, while a watch is overdue, are no line's.
    for (let times = 0; times < 2; times++) {
      silence.heard(instant((atMs += 1_900)), true);
      hearFor(10_000);
    }
    hearFor(10_000);
    expect(silence.suspectAfterMs(250)).toBe(2_200);
  });

  it('after a sleep starts anew, yet proves nothing', () => {
    const silence = createSilence(config, instant(0), true);
    silence.restart(instant(30_000));
    expect(silence.silentMs(instant(30_000))).toBe(0);
    expect(silence.hearsWell(instant(30_000))).toBe(false);
    expect(silence.heardAt()).toBe(0);
  });

  it('weighs less when others vouch, twice as little each time, up to eight times', () => {
    const silence = createSilence(config, instant(0), true);
    for (const factor of [2, 4, 8, 8]) {
      silence.accused();
      silence.vouched(instant(0));
      expect(silence.mayAccuseAfresh(instant(factor * 1_000), 1_000)).toBe(false);
      expect(silence.mayAccuseAfresh(instant(factor * 1_000 + 1), 1_000)).toBe(true);
    }
    silence.heard(instant(1));
    expect(silence.mayAccuseAfresh(instant(2), 1_000)).toBe(true);
  });
});

describe('health', () => {
  it.each([
    { name: 'a watch 500 ms late is well', lateMs: 500, neighbors: 3, at: 1_000, doubting: false },
    { name: 'a watch later than that is doubt', lateMs: 501, neighbors: 3, at: 1_000, doubting: true },
    { name: 'no frame for 2 s is well', lateMs: 0, neighbors: 2, at: 2_000, doubting: false },
    { name: 'no frame for longer is doubt', lateMs: 0, neighbors: 2, at: 2_001, doubting: true },
    { name: 'one silent neighbor is no evidence', lateMs: 0, neighbors: 1, at: 9_000, doubting: false },
  ])('$name', ({ lateMs, neighbors, at, doubting }) => {
    const health = createHealth(config, instant(0));
    health.watched(lateMs, neighbors, instant(at));
    expect(health.doubting()).toBe(doubting);
    health.heard(instant(at));
    expect(health.doubting()).toBe(false);
  });

  it('announces the slow tick for ten seconds after a late watch', () => {
    const health = createHealth(config, instant(0));
    expect(health.tickMs(instant(0))).toBe(250);
    health.watched(700, 1, instant(1_000));
    expect(health.tickMs(instant(11_000))).toBe(1_000);
    expect(health.tickMs(instant(11_001))).toBe(250);
  });
});
