import { describe, expect, test } from 'vitest';
import { MeshError } from '#client/errors.ts';
import { createReplies, REPLIES_MAX, STRANGER_MS } from '#client/replies.ts';
import { createTestClock } from './test-clock.ts';

const a = { id: 'a', stranger: false };
const never = (): void => {};

const outcome = (promise: Promise<void>): Promise<unknown> =>
  promise.then(
    () => 'delivered',
    (error: unknown) => (error instanceof MeshError ? error.code : error),
  );

describe('a reply', () => {
  test('settles the request of its token and no other', async () => {
    const replies = createReplies(never);
    const tokens: number[] = [];
    const ask = (): Promise<unknown> => outcome(replies.request((token) => tokens.push(token), a));
    const [first, second, third] = [ask(), ask(), ask()];
    expect(new Set(tokens).size).toBe(3);
    replies.answer({ kind: 'undeliverable', token: tokens[1]! });
    replies.answer({ kind: 'delivered', token: tokens[0]! });
    replies.close();
    expect(await Promise.all([first, second, third])).toEqual(['delivered', 'UNREACHABLE', 'CLOSED']);
  });

  test('that comes within the sending counts', async () => {
    const replies = createReplies(never);
    const asked = replies.request((token) => replies.answer({ kind: 'delivered', token }), a);
    expect(await outcome(asked)).toBe('delivered');
  });

  test('that nobody waits for, or that comes again, is harmless', async () => {
    const replies = createReplies(never);
    replies.answer({ kind: 'delivered', token: 7 });
    let token = 0;
    const asked = outcome(replies.request((own) => (token = own), a));
    replies.answer({ kind: 'delivered', token });
    replies.answer({ kind: 'undeliverable', token });
    expect(await asked).toBe('delivered');
  });
});

describe('a request', () => {
  test('whose sending throws is refused with that, and waits for nothing', async () => {
    const replies = createReplies(never);
    for (let n = 0; n <= REPLIES_MAX; n++) {
      const asked = replies.request(() => {
        throw new MeshError('CLOSED', 'no');
      }, a);
      expect(await outcome(asked)).toBe('CLOSED');
    }
  });

  test('over the limit is refused unsent, until another is answered', async () => {
    const replies = createReplies(never);
    const waiting = Array.from({ length: REPLIES_MAX }, () => outcome(replies.request(() => {}, a)));
    let sent = 0;
    const ask = (): Promise<unknown> => outcome(replies.request(() => (sent += 1), a));
    expect([await ask(), sent]).toEqual(['LIMIT', 0]);
    replies.answer({ kind: 'delivered', token: 1 });
    const last = ask();
    expect(sent).toBe(1);
    replies.close();
    expect([await waiting[0], await waiting[1], await last]).toEqual(['delivered', 'CLOSED', 'CLOSED']);
  });

  test('to a stranger is given up soon, unless it is answered; one to a member waits', async () => {
    const clock = createTestClock();
    const replies = createReplies((run, ms) => void clock.later(run, ms));
    const tokens: number[] = [];
    const ask = (stranger: boolean): Promise<unknown> =>
      outcome(replies.request((token) => tokens.push(token), { id: 'b', stranger }));
    const [member, stranger, newcomer] = [ask(false), ask(true), ask(true)];
    await clock.advance(STRANGER_MS - 1);
    replies.answer({ kind: 'delivered', token: tokens[2]! });
    await clock.advance(1);
    expect(await Promise.all([stranger, newcomer])).toEqual(['UNREACHABLE', 'delivered']);
    await clock.advance(60_000);
    replies.answer({ kind: 'delivered', token: tokens[0]! });
    expect(await member).toBe('delivered');
  });
});
