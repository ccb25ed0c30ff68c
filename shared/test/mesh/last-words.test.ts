/** What somebody says before it goes is heard, also where a crash just then makes it be asked for. */
import { expect, test } from 'vitest';
import { createRoom, eventsOf, type Tab } from './fixture.ts';

test.each(Array.from({ length: 12 }, (_, at) => at + 1))(
  'seed %i: a message just before a goodbye, just after a crash',
  (seed) => {
    const world = createRoom(16, { seed, calmMs: 10_000 });
    const [crashing, leaving, ...staying] = world.living() as [Tab, Tab, ...Tab[]];
    world.crash(crashing);
    world.run(50);
    world.command(leaving, { kind: 'publish', topic: 'chat', data: 'goodbye all' });
    world.leave(leaving);
    world.run(15_000);
    const heard = staying.map((tab) =>
      eventsOf(tab).flatMap((event) => (event.kind === 'message' ? [event.data] : [])),
    );
    expect(heard).toEqual(staying.map(() => ['goodbye all']));
  },
);
