import { afterEach, describe, expect, test } from 'vitest';
import { createInOrder, type InOrder, type Step } from '#client/shell/in-order.ts';
import { uncaughtIn } from '../uncaught.ts';

const limits = { stepsMax: 4, bytesMax: 100 };
const bytes = (count: number) => (): number => count;

interface Later {
  readonly step: Promise<Step>;
  readonly come: (step: Step) => void;
  readonly fail: (reason: Error) => void;
}

function later(): Later {
  let come!: (step: Step) => void;
  let fail!: (reason: Error) => void;
  const step = new Promise<Step>((resolve, reject) => {
    come = resolve;
    fail = reject;
  });
  return { step, come, fail };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let done: string[] = [];
afterEach(() => {
  done = [];
});
const say = (what: string): Step => {
  return () => void done.push(what);
};
const start = (): InOrder => createInOrder(limits);

describe('steps in order', () => {
  test('happen at once while nothing is waited for', () => {
    const order = start();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) expect(order.push(say(name), bytes(1_000))).toBe(true);
    expect(done).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('wait for those before them, however late these come', async () => {
    const order = start();
    const [first, second] = [later(), later()];
    order.push(first.step, bytes(1));
    order.push(say('b'), bytes(1));
    order.push(second.step, bytes(1));
    order.push(say('d'), bytes(1));
    second.come(say('c'));
    await settled();
    expect(done).toEqual([]);
    first.come(say('a'));
    await settled();
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    order.push(say('e'), bytes(1));
    expect(done.at(-1)).toBe('e');
  });

  test('that steps push come after those that wait', async () => {
    const order = start();
    const first = later();
    order.push(first.step, bytes(1));
    order.push(say('b'), bytes(1));
    first.come(() => {
      done.push('a');
      order.push(say('c'), bytes(1));
    });
    await settled();
    expect(done).toEqual(['a', 'b', 'c']);
    order.push(() => {
      order.push(say('e'), bytes(1));
      done.push('d');
    }, bytes(1));
    expect(done.slice(3)).toEqual(['d', 'e']);
  });

  test('that throw or never come hold up none behind them, and are reported', async () => {
    const order = start();
    const [first, second] = [later(), later()];
    const caught = await uncaughtIn(async () => {
      order.push(first.step, bytes(1));
      order.push(second.step, bytes(1));
      order.push(say('c'), bytes(1));
      second.fail(new Error('no such key'));
      first.come(() => {
        throw new Error('broken invariant');
      });
      await settled();
    });
    expect(done).toEqual(['c']);
    expect(caught.map(String).toSorted()).toEqual(['Error: broken invariant', 'Error: no such key']);
  });

  test('that throw at once throw at whoever pushed them, and hold up none', () => {
    const order = start();
    const push = (): boolean =>
      order.push(() => {
        order.push(say('b'), bytes(1));
        throw new Error('broken invariant');
      }, bytes(1));
    expect(push).toThrow('broken invariant');
    order.push(say('c'), bytes(1));
    expect(done).toEqual(['b', 'c']);
  });

  test('are not taken when too many wait, or too much; then those that were are not touched', async () => {
    const many = start();
    const much = start();
    const first = later();
    expect([1, 2, 3, 4, 5].map(() => many.push(first.step, bytes(1)))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect([60, 40, 1].map((count) => much.push(first.step, bytes(count)))).toEqual([true, true, false]);
    first.come(say('x'));
    await settled();
    expect(done).toHaveLength(6);
    expect([60, 40].map((count) => much.push(later().step, bytes(count)))).toEqual([true, true]);
  });

  test('come in order over thousands that wait', async () => {
    const order = createInOrder({ stepsMax: 5_000, bytesMax: 5_000 });
    const first = later();
    const names = Array.from({ length: 4_000 }, (_, at) => String(at));
    order.push(first.step, bytes(1));
    for (const name of names) order.push(Promise.resolve(say(name)), bytes(1));
    first.come(say('first'));
    await settled();
    expect(done).toEqual(['first', ...names]);
  });
});

describe('the end', () => {
  test('comes after all that was pushed, and nothing is taken after it', async () => {
    const order = start();
    const first = later();
    order.push(first.step, bytes(1));
    order.end(say('end'));
    order.end(say('again'));
    expect(order.push(say('too late'), bytes(1))).toBe(true);
    first.come(say('a'));
    await settled();
    expect(done).toEqual(['a', 'end']);
  });

  test('comes at once where nothing waits, also within a step once that is done', () => {
    const order = start();
    order.push(() => {
      order.end(say('end'));
      done.push('a');
    }, bytes(1));
    expect(done).toEqual(['a', 'end']);
  });

  test('of a flush does what is ready, in order, and leaves out the rest for good', async () => {
    const order = start();
    const [first, second] = [later(), later()];
    order.push(first.step, bytes(1));
    order.push(say('b'), bytes(1));
    order.push(second.step, bytes(1));
    second.come(say('c'));
    await settled();
    order.end(say('end'));
    order.flush();
    expect(done).toEqual(['b', 'c', 'end']);
    first.come(say('a'));
    await settled();
    order.flush();
    expect(done).toEqual(['b', 'c', 'end']);
  });

  test('of a drop leaves out everything but the last step, whenever that is named', async () => {
    const [before, after] = [start(), start()];
    const first = later();
    for (const order of [before, after]) {
      order.push(first.step, bytes(1));
      order.push(say('b'), bytes(1));
    }
    before.end(say('end before'));
    before.drop();
    after.drop();
    after.end(say('end after'));
    first.come(say('a'));
    await settled();
    expect(done).toEqual(['end before', 'end after']);
  });
});
