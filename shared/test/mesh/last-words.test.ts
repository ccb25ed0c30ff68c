/** What somebody says before it goes is heard, also where a crash just then makes it be asked for. */
import { expect, test } from 'vitest';
import { createWorld, rostersAreEqual, type Tab } from './world.ts';

test.each(Array.from({ length: 12 }, (_, at) => at + 1))(
  'seed %i: a message just before a goodbye, just after a crash',
  (seed) => {
    const world = createWorld({ seed });
    for (let n = 0; n < 16; n++) world.open();
    expect(world.runUntil(() => rostersAreEqual(world), 60_000)).toBe(true);
    world.run(10_000);
    const [crashing, leaving, ...staying] = world.living() as [Tab, Tab, ...Tab[]];
    world.crash(crashing);
    world.run(50);
    world.command(leaving, { kind: 'publish', topic: 'chat', data: 'goodbye all' });
    world.command(leaving, { kind: 'leave' });
    world.crash(leaving);
    world.run(15_000);
    const heard = staying.map(({ events }) =>
      events.flatMap((event) => (event.kind === 'message' ? [event.data] : [])),
    );
    expect(heard).toEqual(staying.map(() => ['goodbye all']));
  },
);
