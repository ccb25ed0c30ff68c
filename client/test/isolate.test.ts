import { expect, test } from 'vitest';
import { isolate } from '#client/isolate.ts';
import { uncaughtIn } from './uncaught.ts';

test('a callback that throws stops nothing, and its error is reported afterwards as any uncaught one', async () => {
  const order: string[] = [];
  const thrown = await uncaughtIn(() => {
    isolate(() => {
      order.push('first');
      throw new Error('mine');
    });
    isolate(() => order.push('second'));
  });
  expect(order).toEqual(['first', 'second']);
  expect(thrown).toEqual([new Error('mine')]);
});

test('a callback that does not throw reports nothing', async () => {
  expect(await uncaughtIn(() => isolate(() => {}))).toEqual([]);
});
