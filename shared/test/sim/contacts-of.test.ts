import { expect, test } from 'vitest';
import { createMeshWorld } from '#sim/world.ts';

test.each([
  [2, 2],
  [Infinity, 9],
])('the server names contacts out of %d of those attached', (contactsOf, namedMin) => {
  const world = createMeshWorld({ seed: 3, conditions: { contacts: 2, contactsOf } });
  const named = new Set<string>();
  world.observe({
    stepped: (_tab, input) => {
      if (input.kind === 'serverAttached' || input.kind === 'serverContacts') {
        expect(input.contacts.length).toBeLessThanOrEqual(2);
        input.contacts.forEach((peer) => named.add(peer));
      }
    },
  });
  for (let opened = 0; opened < 30; opened++) {
    world.open();
    world.run(200);
  }
  // The first of all may be named to the second only as long as they are two.
  expect(named.size).toBeGreaterThanOrEqual(namedMin);
  if (contactsOf !== Infinity) expect(named.size).toBe(contactsOf);
});
