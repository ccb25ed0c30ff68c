/** Faults that fall on those attached to the server, with a stream of chance of their own, and what must hold in calm. */
import type { Rng } from '#shared/base/rng.ts';
import type { MeshWorld, MakeChecker } from './checker.ts';
import { nameOf } from './checker.ts';

/** How often, of all steps, each of them. */
const SHARE = 0.05;
/** Fewer are left alone: what is to converge must be a room. */
const LEFT_MIN = 3;
/** Greeters that a room wants, and sockets that it may have: one on its way in or out besides. */
const GREETERS = 4;
const SOCKETS_MAX = 6;

export interface GreeterFaults {
  /** Now and then all who are attached vanish at once, or somebody comes to another network. */
  readonly give: () => void;
}

export function createGreeterFaults(world: MeshWorld, rng: Rng): GreeterFaults {
  return {
    give: () => {
      const drawn = rng.fraction();
      const living = world.living();
      const attached = living.filter(world.server.isAttached);
      if (drawn < SHARE && living.length - attached.length >= LEFT_MIN) attached.forEach(world.crash);
      else if (drawn > 1 - SHARE) {
        rng.pick(living)?.give(() => ({ kind: 'serverNeeded', need: 'network' }));
      }
    },
  };
}

/** A room in calm is greeted, by few, and everybody knows. */
export const fewGreet: MakeChecker = (world, complain) => ({
  name: 'greeters',
  whenCalm: () => {
    const living = world.living();
    const attached = new Set(living.filter(world.server.isAttached).map(({ id }) => id));
    const sockets = attached.size;
    if (sockets < Math.min(GREETERS, living.length)) complain(`${sockets} of ${living.length} greet`);
    if (sockets > SOCKETS_MAX) complain(`${sockets} of ${living.length} hold sockets`);
    for (const { id, node } of living) {
      const seen = node.inspect().greeters.greeters;
      const known = seen.filter((other) => attached.has(other)).length;
      if (known < seen.length || known < sockets - (attached.has(id) ? 1 : 0))
        complain(`${nameOf(id)} does not know who greets`);
    }
  },
});
