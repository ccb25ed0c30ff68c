/** Fresh TURN credentials: when they are asked for, what is used meanwhile, and what becomes of bad answers. */
import { describe, expect, test } from 'vitest';
import {
  createIceServers,
  ICE_ANSWER_MS,
  ICE_LIFE_MS,
  ICE_PAUSE_MS_MAX,
  ICE_PAUSE_MS_MIN,
  type IceServersFace,
} from '#client/transport/ice-servers.ts';
import type { GetIceServers, RtcOptions } from '#client/link-types.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

interface Scene {
  readonly clock: TestClock;
  readonly ice: IceServersFace;
  readonly told: unknown[];
  readonly close: () => void;
  /** The machine sleeps: timers stand still, the calendar does not. */
  readonly sleep: (ms: number) => void;
}

function setScene(rtc: RtcOptions | undefined): Scene {
  const clock = createTestClock();
  const closing = new AbortController();
  let sleptMs = 0;
  const told: unknown[] = [];
  const ice = createIceServers(rtc, {
    wall: () => clock.now().wall + sleptMs,
    later: clock.later,
    faultOf: ({ iceServers }) =>
      iceServers?.some(({ urls }) => urls === 'nonsense') ? 'nonsense is no URL' : undefined,
    signal: closing.signal,
  });
  ice.watch((trouble, error) => told.push(trouble, error?.code));
  return { clock, ice, told, close: () => closing.abort(), sleep: (ms) => void (sleptMs += ms) };
}

const server = (name: string): RTCIceServer => ({
  urls: `turn:${name}.test`,
  username: name,
  credential: 'c',
});
const used = ({ ice }: Scene): unknown => ice.config().iceServers?.map(({ username }) => username);

/** Asked of a function that plays its part; `calls` are the instants at which it was asked. */
function asking(answers: (call: number) => ReturnType<GetIceServers>): Scene & { readonly calls: number[] } {
  const calls: number[] = [];
  const scene = setScene({
    bundlePolicy: 'max-bundle',
    iceServers: () => {
      calls.push(scene.clock.now().instant);
      return answers(calls.length);
    },
  });
  return { ...scene, calls };
}

test('servers that are named are used as they are, and nobody is asked', async () => {
  const rtc = { iceServers: [server('a')], iceTransportPolicy: 'relay' } as const;
  const { ice, clock } = setScene({ ...rtc, iceServers: [...rtc.iceServers] });
  await ice.begin();
  expect(ice.config()).toEqual(rtc);
  expect(clock.pending()).toBe(0);
  expect(setScene(undefined).ice.config()).toEqual({});
});

describe('servers that are asked for', () => {
  test('are there when the join goes on, beside all else that rtc says; before, there are none', async () => {
    const scene = asking(() => Promise.resolve([server('a')]));
    expect([scene.ice.config(), scene.calls]).toEqual([{ bundlePolicy: 'max-bundle' }, []]);
    await scene.ice.begin();
    expect(scene.ice.config()).toEqual({ bundlePolicy: 'max-bundle', iceServers: [server('a')] });
  });

  test('are a copy, which the application cannot spoil', async () => {
    const servers = [server('a')];
    const scene = asking(() => servers);
    await scene.ice.begin();
    servers[0]!.username = 'spoilt';
    servers.push(server('b'));
    expect(used(scene)).toEqual(['a']);
  });

  test.each<[string, number | undefined, number]>([
    ['at three quarters of the life that they have', 600_000, 450_000],
    ['of a life that is not told, at three quarters of half an hour', undefined, ICE_LIFE_MS * 0.75],
    ['of no life to speak of, not more often than every five seconds', 1, ICE_PAUSE_MS_MIN],
    ['of a life without end, within a day', Infinity, 64_800_000],
  ])('are asked for again: %s', async (_what, ttlMs, pauseMs) => {
    const scene = asking((call) => ({ iceServers: [server(`call ${call}`)], ttlMs }));
    await scene.ice.begin();
    await scene.clock.advance(pauseMs - 1);
    expect([scene.calls.length, used(scene)]).toEqual([1, ['call 1']]);
    await scene.clock.advance(1);
    expect([scene.calls.length, used(scene)]).toEqual([2, ['call 2']]);
    await scene.clock.advance(pauseMs);
    expect([scene.calls.length, scene.told]).toEqual([3, []]);
  });

  test('are asked for when they grew old while the machine slept, as soon as a connection wants them', async () => {
    const scene = asking((call) => ({ iceServers: [server(`call ${call}`)], ttlMs: 600_000 }));
    await scene.ice.begin();
    scene.sleep(3_600_000);
    expect(used(scene)).toEqual(['call 1']);
    await scene.clock.advance(0);
    expect([scene.calls.length, used(scene)]).toEqual([2, ['call 2']]);
  });

  test('are asked for by one question at a time', async () => {
    const answers: ((servers: RTCIceServer[]) => void)[] = [];
    const scene = asking(() => new Promise((resolve) => answers.push(resolve)));
    const first = scene.ice.begin();
    const second = scene.ice.begin();
    await scene.clock.advance(0);
    answers[0]!([server('a')]);
    await Promise.all([first, second]);
    scene.sleep(ICE_LIFE_MS);
    for (let n = 0; n < 3; n++) scene.ice.config();
    await scene.clock.advance(0);
    expect(answers).toHaveLength(2);
  });
});

describe('a question that comes to nothing', () => {
  const failing: [string, string, () => ReturnType<GetIceServers>][] = [
    [
      'throws',
      'failed',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', 'failed', () => Promise.reject(new Error('503'))],
    ['answers with nothing', 'refused', () => undefined as never],
    ['answers with a text', 'refused', () => 'turn:turn.test' as never],
    ['answers with an object that is none', 'refused', () => ({ servers: [] }) as never],
    ['answers with what the browser refuses', 'refused', () => [{ urls: 'nonsense' }]],
    [
      'answers with more servers than anyone has',
      'refused',
      () => Array.from({ length: 17 }, () => server('a')),
    ],
    ['answers with what cannot be kept', 'refused', () => [{ urls: () => {} } as never]],
    ['answers with a life that is over', 'refused', () => ({ iceServers: [], ttlMs: 0 })],
    ['answers with a life that is no number', 'refused', () => ({ iceServers: [], ttlMs: '60000' as never })],
    ['answers with a life that is NaN', 'refused', () => ({ iceServers: [], ttlMs: NaN })],
  ];

  test.each(failing)(
    'because it %s holds up no join, is told, and changes nothing',
    async (_what, trouble, answer) => {
      const scene = asking((call) => (call === 2 ? answer() : [server(`call ${call}`)]));
      await scene.ice.begin();
      await scene.clock.advance(ICE_LIFE_MS * 0.75);
      expect([scene.told, used(scene)]).toEqual([[trouble, 'ICE_SERVERS_MISSING'], ['call 1']]);
      await scene.clock.advance(ICE_PAUSE_MS_MIN);
      expect(used(scene)).toEqual(['call 3']);
    },
  );

  test('because it hangs is given up in time, with its signal; a late answer is no answer', async () => {
    const signals: AbortSignal[] = [];
    const late: ((servers: RTCIceServer[]) => void)[] = [];
    const scene = setScene({
      iceServers: ({ signal }) => {
        signals.push(signal);
        return new Promise((resolve) => late.push(resolve));
      },
    });
    let ready = false;
    void scene.ice.begin().then(() => (ready = true));
    await scene.clock.advance(ICE_ANSWER_MS - 1);
    expect([ready, signals[0]!.aborted]).toEqual([false, false]);
    await scene.clock.advance(1);
    expect([ready, signals[0]!.aborted, scene.told]).toEqual([
      true,
      true,
      ['timeout', 'ICE_SERVERS_MISSING'],
    ]);
    late[0]!([server('late')]);
    await scene.clock.advance(0);
    expect(used(scene)).toBe(undefined);
  });

  test('is asked again with growing pauses, and told once until there was an answer', async () => {
    let broken = true;
    const scene = asking(() => {
      if (broken) throw new Error('503');
      return [server('a')];
    });
    await scene.ice.begin();
    await scene.clock.advance(1_300_000);
    const pauses = scene.calls.slice(1).map((at, n) => at - scene.calls[n]!);
    expect(pauses).toEqual([
      5_000,
      10_000,
      20_000,
      40_000,
      80_000,
      160_000,
      ICE_PAUSE_MS_MAX,
      ICE_PAUSE_MS_MAX,
      ICE_PAUSE_MS_MAX,
    ]);
    expect(scene.told.filter((word) => word !== 'failed' && word !== undefined)).toEqual([
      'ICE_SERVERS_MISSING',
    ]);
    expect(scene.told.filter((word) => word === 'failed')).toHaveLength(10);
    broken = false;
    await scene.clock.advance(ICE_PAUSE_MS_MAX);
    expect(used(scene)).toEqual(['a']);
    broken = true;
    await scene.clock.advance(ICE_LIFE_MS);
    expect(scene.told.filter((word) => word === 'ICE_SERVERS_MISSING')).toHaveLength(2);
  });
});

describe('once the mesh is left', () => {
  test('nobody is asked any more, and no timer is left', async () => {
    const scene = asking(() => ({ iceServers: [], ttlMs: 40_000 }));
    await scene.ice.begin();
    scene.close();
    expect(scene.clock.pending()).toBe(0);
    scene.sleep(3_600_000);
    scene.ice.config();
    await scene.ice.begin();
    expect(scene.calls).toHaveLength(1);
  });

  test('an answer that comes at that very moment leaves no timer', async () => {
    for (let later = 0; later < 12; later++) {
      let answer: (servers: RTCIceServer[]) => void = () => {};
      const scene = setScene({ iceServers: () => new Promise((resolve) => (answer = resolve)) });
      const ready = scene.ice.begin();
      await scene.clock.advance(0);
      answer([]);
      for (let n = 0; n < later; n++) await Promise.resolve();
      scene.close();
      await ready;
      expect([later, scene.clock.pending()]).toEqual([later, 0]);
    }
  });

  test('a question that waits is told to stop, and no trouble of it', async () => {
    let asked: AbortSignal | undefined;
    const scene = setScene({
      iceServers: ({ signal }) => {
        asked = signal;
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('stopped'))),
        );
      },
    });
    const ready = scene.ice.begin();
    await scene.clock.advance(0);
    scene.close();
    await ready;
    expect([asked?.aborted, scene.told, scene.clock.pending()]).toEqual([true, [], 0]);
  });
});
