/** The client of the signaling server: when it dials again, when not, and what it tells of that. */
import { describe, expect, test } from 'vitest';
import type { SignalingErrorCode } from '#shared/signaling/messages.ts';
import { REDIAL_MS_MAX, ANSWER_MS, REDIAL_MS_MIN, STEADY_MS } from '#client/signaling/signaling-client.ts';
import { a, b, errorsIn, refusal, setUp, taken, url, welcome } from './client-setup.ts';

describe('a server that is silent', () => {
  test('and never welcomes is left after its time, told as unreachable, and dialled again', async () => {
    const { client, clock, sockets, told, last } = setUp();
    client.attach();
    last().open();
    taken(told);
    await clock.advance(ANSWER_MS - 1);
    expect([last().hungUp, told]).toEqual([[], []]);
    await clock.advance(1);
    expect([sockets[0]!.hungUp, taken(told)]).toEqual([
      [undefined],
      ['connecting', { error: 'SIGNALING_UNREACHABLE' }],
    ]);
    await clock.advance(500);
    expect(sockets).toHaveLength(2);
    sockets[0]!.say(welcome);
    sockets[0]!.drop();
    expect(taken(told)).toEqual(['connecting']);
  });

  test('to a dial, its socket never opening, is the same', async () => {
    const { client, clock, sockets } = setUp();
    client.attach();
    await clock.advance(ANSWER_MS + 500);
    expect([sockets.length, sockets[0]!.hungUp]).toEqual([2, [undefined]]);
  });

  test('to a question is left after its time', async () => {
    const { client, clock, sockets, told, last, letIn } = setUp();
    client.attach();
    letIn();
    await clock.advance(60_000);
    client.askContacts();
    await clock.advance(5_000);
    client.askContacts();
    taken(told);
    await clock.advance(4_999);
    expect(last().hungUp).toEqual([]);
    await clock.advance(1);
    expect(sockets[0]!.hungUp).toEqual([undefined]);
    expect(taken(told)).toEqual(['detached', 'connecting']);
  });

  test('is not one that answers, or says anything at all', async () => {
    const { client, clock, last, letIn } = setUp();
    client.attach();
    letIn();
    for (const answer of [{ kind: 'contacts', contacts: [] } as const, refusal('too-fast')]) {
      client.askContacts();
      last().say(answer);
      await clock.advance(60_000);
    }
    expect(last().hungUp).toEqual([]);
    client.askContacts();
    await clock.advance(ANSWER_MS);
    expect(last().hungUp).toEqual([undefined]);
  });
});

describe('redialling', () => {
  /** Milliseconds from each loss to the dial that followed, the connection failing at once each time. */
  async function pauses(fraction: number, count: number): Promise<number[]> {
    const { client, clock, sockets, last } = setUp({ fraction });
    const found: number[] = [];
    client.attach();
    for (let n = 0; n < count; n++) {
      const dialled = sockets.length;
      const lostAt = clock.now().instant;
      last().drop();
      while (sockets.length === dialled) await clock.advance(1);
      found.push(clock.now().instant - lostAt);
    }
    return found;
  }

  test('waits twice as long each time, up to the longest', async () => {
    expect(await pauses(1, 7)).toEqual([500, 1_000, 2_000, 4_000, 6_000, 6_000, 6_000]);
    expect([REDIAL_MS_MIN, REDIAL_MS_MAX]).toEqual([500, 6_000]);
  });

  test('waits a random half to whole of that', async () => {
    expect(await pauses(0, 7)).toEqual([250, 500, 1_000, 2_000, 3_000, 3_000, 3_000]);
    expect(await pauses(0.5, 2)).toEqual([375, 750]);
  });

  test('begins with the shortest pause again once it has worked for a while', async () => {
    const { client, clock, sockets, last, letIn } = setUp();
    client.attach();
    for (const pause of [500, 1_000, 2_000]) {
      last().drop();
      await clock.advance(pause);
    }
    letIn();
    await clock.advance(STEADY_MS);
    last().drop();
    await clock.advance(499);
    expect(sockets).toHaveLength(4);
    await clock.advance(1);
    expect(sockets).toHaveLength(5);
  });

  test('goes on with longer pauses where each connection is lost soon after its welcome, and tells once', async () => {
    const { client, clock, sockets, told, last, letIn } = setUp();
    client.attach();
    const found: number[] = [];
    for (let n = 0; n < 4; n++) {
      letIn();
      await clock.advance(STEADY_MS - 1);
      const dialled = sockets.length;
      const lostAt = clock.now().instant;
      last().drop();
      while (sockets.length === dialled) await clock.advance(1);
      found.push(clock.now().instant - lostAt);
    }
    expect(found).toEqual([500, 1_000, 2_000, 4_000]);
    expect(errorsIn(told)).toEqual(['SIGNALING_UNREACHABLE']);
  });

  test('tells of each dial that came to nothing, and of a connection that was lost', async () => {
    const { client, clock, lost, last, letIn } = setUp();
    client.attach();
    const startedAt = clock.now().instant;
    expect(lost).toEqual([]);
    last().drop();
    await clock.advance(500);
    last().drop();
    await clock.advance(1_000);
    letIn();
    last().drop();
    expect(lost).toEqual([0, 500, 1_500].map((ms) => startedAt + ms));
    client.detach();
    expect(lost).toHaveLength(3);
  });

  test('makes no trouble of a connection that is lost and back with the next dial, as after a sleep', async () => {
    const { client, clock, told, last, letIn } = setUp();
    client.attach();
    for (let n = 0; n < 3; n++) {
      letIn();
      await clock.advance(STEADY_MS);
      last().drop();
      await clock.advance(500);
    }
    expect(errorsIn(told)).toEqual([]);
    last().drop();
    expect(errorsIn(told)).toEqual(['SIGNALING_UNREACHABLE']);
  });

  test('says what is true: a connection that was lost again had its server', async () => {
    const { client, clock, sentences, last, letIn } = setUp();
    client.attach();
    last().drop();
    await clock.advance(500);
    letIn();
    await clock.advance(STEADY_MS);
    last().drop();
    await clock.advance(500);
    letIn();
    last().drop();
    expect(sentences).toEqual([
      `No signaling server answers at ${url}; trying again.`,
      `The connection to the signaling server at ${url} was lost again; trying again.`,
    ]);
  });

  test.each<'attach' | 'hurry'>(['attach', 'hurry'])(
    '%s ends a pause: it dials at once, once',
    async (how) => {
      const { client, clock, sockets, last, letIn } = setUp();
      client.attach();
      client[how]();
      expect(sockets).toHaveLength(1);
      last().drop();
      client[how]();
      client[how]();
      expect(sockets).toHaveLength(2);
      letIn();
      await clock.advance(60_000);
      client[how]();
      expect(sockets).toHaveLength(2);
    },
  );

  test('a connection of another network is given up for a new one at once, and its end is no news', async () => {
    const { client, clock, sockets, last, letIn, told } = setUp();
    client.renew();
    expect(sockets).toHaveLength(0);
    client.attach();
    letIn();
    const [old] = sockets;
    client.renew();
    expect(sockets).toHaveLength(2);
    expect(client.signal(b, 'AAAA')).toBe(false);
    old!.drop();
    await clock.advance(5_000);
    letIn();
    expect(client.signal(b, 'AAAA')).toBe(true);
    expect(sockets).toHaveLength(2);
    last().drop();
    client.renew();
    expect(sockets).toHaveLength(3);
    await clock.advance(1_000);
    expect(sockets).toHaveLength(3);
    expect(told.filter((word) => word === 'detached')).toHaveLength(2);
    client.detach();
    client.renew();
    expect(sockets).toHaveLength(3);
  });

  test('is not begun by hurrying', () => {
    const { client, sockets } = setUp();
    client.hurry();
    client.attach();
    client.detach();
    client.hurry();
    expect(sockets).toHaveLength(1);
  });

  test('an open socket that is never welcomed has not worked', async () => {
    const { client, clock, sockets, last } = setUp();
    client.attach();
    last().drop();
    await clock.advance(500);
    last().open();
    last().drop();
    await clock.advance(999);
    expect(sockets).toHaveLength(2);
    await clock.advance(1);
    expect(sockets).toHaveLength(3);
  });

  test('tells once that the server is unreachable, and again only after it has worked for a while', async () => {
    const { client, clock, told, last, letIn } = setUp();
    client.attach();
    for (let n = 0; n < 3; n++) {
      last().drop();
      await clock.advance(10_000);
    }
    expect(taken(told).filter((one) => one !== 'connecting')).toEqual([{ error: 'SIGNALING_UNREACHABLE' }]);
    letIn();
    await clock.advance(STEADY_MS);
    taken(told);
    last().drop();
    expect(taken(told)).toEqual(['detached', 'connecting']);
    await clock.advance(10_000);
    last().drop();
    expect(errorsIn(told)).toEqual(['SIGNALING_UNREACHABLE']);
    taken(told);
    await clock.advance(10_000);
    last().drop();
    await clock.advance(10_000);
    expect(errorsIn(told)).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each<SignalingErrorCode>(['room-full', 'server-full', 'bad-version', 'not-joined'])(
    'with %s is told once, however often it is tried again',
    async (code) => {
      const { client, clock, sockets, told, last } = setUp();
      client.attach();
      for (let n = 0; n < 4; n++) {
        last().open();
        last().say(refusal(code));
        last().drop();
        await clock.advance(10_000);
      }
      expect(sockets).toHaveLength(5);
      expect(errorsIn(told)).toEqual(['SIGNALING_REFUSED']);
    },
  );

  test('for a join that came too late is told the second time, for a page may have been frozen before it joined', async () => {
    const { client, clock, told, last } = setUp();
    client.attach();
    const comeTooLate = (): void => {
      last().open();
      last().say(refusal('not-joined'));
      last().drop();
    };
    comeTooLate();
    await clock.advance(10_000);
    expect(errorsIn(told)).toEqual([]);
    comeTooLate();
    expect(errorsIn(told)).toEqual(['SIGNALING_REFUSED']);
  });

  test('and a silence that come by turns are told once each', async () => {
    const { client, clock, told, last } = setUp();
    client.attach();
    for (let n = 0; n < 3; n++) {
      last().open();
      last().say(refusal('server-full'));
      last().drop();
      await clock.advance(10_000);
      last().drop();
      await clock.advance(10_000);
    }
    expect(errorsIn(told)).toEqual(['SIGNALING_REFUSED', 'SIGNALING_UNREACHABLE']);
  });

  test('because of our own last socket is no trouble: it is tried again in silence', async () => {
    const { client, clock, told, last, letIn } = setUp();
    client.attach();
    last().open();
    last().say(refusal('id-taken'));
    last().drop();
    await clock.advance(500);
    letIn();
    expect(taken(told)).toEqual(['connecting', 'connecting', 'connecting', 'open', { attached: [a, b] }]);
  });
});

describe('detaching', () => {
  test('hangs up, tells, and stays away', async () => {
    const { client, clock, sockets, told, last, letIn } = setUp();
    client.attach();
    letIn();
    taken(told);
    client.detach();
    expect([last().hungUp, taken(told)]).toEqual([[1000], ['detached', 'closed']]);
    expect(client.signal(a, 'AAAA')).toBe(false);
    last().drop();
    await clock.advance(60_000);
    expect([sockets.length, taken(told)]).toEqual([1, []]);
  });

  test('while connecting drops the dial: what its socket does later is nothing', async () => {
    const { client, clock, sockets, told, last } = setUp();
    client.attach();
    client.detach();
    expect([last().hungUp, taken(told)]).toEqual([[1000], ['connecting', 'closed']]);
    last().open();
    last().say(welcome);
    last().drop();
    await clock.advance(60_000);
    expect([sockets.length, last().sent, taken(told)]).toEqual([1, [], []]);
  });

  test('during a pause ends the redialling', async () => {
    const { client, clock, sockets, last } = setUp();
    client.attach();
    last().drop();
    client.detach();
    await clock.advance(60_000);
    expect(sockets).toHaveLength(1);
  });

  test('and attaching again dials at once; the old socket closes late and changes nothing', async () => {
    const { client, clock, sockets, told, letIn } = setUp();
    client.attach();
    letIn();
    client.detach();
    client.attach();
    expect(sockets).toHaveLength(2);
    letIn();
    taken(told);
    sockets[0]!.say({ kind: 'signal', from: a, data: 'AAAA' });
    sockets[0]!.drop();
    await clock.advance(60_000);
    expect([sockets.length, taken(told)]).toEqual([2, []]);
    expect(client.signal(a, 'AAAA')).toBe(true);
  });

  test('and attaching again voids the redial that was due: there is never a second row of dials', async () => {
    const { client, clock, sockets, last } = setUp();
    client.attach();
    last().drop();
    await clock.advance(500);
    last().drop();
    // A redial is due in a second.
    client.detach();
    client.attach();
    const startedAt = clock.now().instant;
    const dialledAt: number[] = [];
    for (let n = 0; n < 4; n++) {
      last().drop();
      const dialled = sockets.length;
      while (sockets.length === dialled) await clock.advance(1);
      dialledAt.push(clock.now().instant - startedAt);
    }
    expect(dialledAt).toEqual([500, 1_500, 3_500, 7_500]);
  });

  test('before ever attaching, and twice, is harmless', () => {
    const { client, sockets, told } = setUp();
    client.detach();
    client.detach();
    expect([sockets.length, taken(told)]).toEqual([0, ['closed', 'closed']]);
  });
});
