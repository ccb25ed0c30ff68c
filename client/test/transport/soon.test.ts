import { expect, test } from 'vitest';
import { runSoon } from '#client/transport/soon.ts';
import { uncaughtIn } from '../uncaught.ts';

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test('what is to run soon runs after all that waits already, in order, and again', async () => {
  const order: string[] = [];
  runSoon(() => order.push('first'));
  runSoon(() => {
    order.push('second');
    runSoon(() => order.push('third'));
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  await pause();
  expect(order).toEqual(['first', 'second', 'third']);
});

test('a run that throws takes none of the others with it', async () => {
  const order: string[] = [];
  const thrown = await uncaughtIn(async () => {
    runSoon(() => {
      throw new Error('mine');
    });
    runSoon(() => order.push('second'));
    await pause();
  });
  expect([order, thrown]).toEqual([['second'], [new Error('mine')]]);
});
