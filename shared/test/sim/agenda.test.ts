/** The order of what happens in virtual time. */
import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { createAgenda } from '#sim/agenda.ts';

describe('an agenda', () => {
  law.prop([fc.array(fc.nat(20))])(
    'hands out the earliest first, and of two at one moment the one planned first',
    (moments) => {
      const agenda = createAgenda();
      const happened: (readonly [at: number, planned: number])[] = [];
      moments.forEach((at, planned) => agenda.add(at, () => happened.push([at, planned])));
      while (agenda.size() > 0) agenda.step();
      const sorted = moments
        .map((at, planned) => [at, planned] as const)
        .toSorted(([a, first], [b, second]) => a - b || first - second);
      expect(happened).toEqual(sorted);
    },
  );

  test('takes in what is planned while it is worked off', () => {
    const agenda = createAgenda();
    const happened: string[] = [];
    agenda.add(1, () => {
      happened.push('one');
      agenda.add(2, () => happened.push('two'));
    });
    agenda.add(3, () => happened.push('three'));
    while (agenda.size() > 0) agenda.step();
    expect(happened).toEqual(['one', 'two', 'three']);
  });

  test('that is empty is at no moment, and stepping it does nothing', () => {
    const agenda = createAgenda();
    agenda.step();
    expect(agenda.nextAt()).toBe(Infinity);
  });
});
