/** What must hold once faults have stopped and calm has lasted: one room, equal everywhere. */
import type { Value } from '#shared/base/value.ts';
import { componentsInUse } from '../components.ts';
import { nameOf, type MakeChecker } from './checker.ts';

export const roomIsWhole: MakeChecker = (world, complain) => ({
  name: 'component',
  whenCalm: () => {
    const living = world.living();
    const [largest = []] = componentsInUse(living);
    if (largest.length !== living.length) complain(`links join ${largest.length} of ${living.length}`);
  },
});

export const viewsAreSymmetric: MakeChecker = (world, complain) => ({
  name: 'symmetry',
  whenCalm: () => {
    for (const tab of world.living()) {
      for (const id of tab.node.inspect().overlay.activeView) {
        const other = world.tabOf(id);
        if (!other?.isAlive()) complain(`${nameOf(tab.id)} holds a link to ${nameOf(id)}, who is gone`);
        else if (!other.node.inspect().overlay.activeView.includes(tab.id)) {
          complain(`${nameOf(tab.id)} holds a link to ${nameOf(id)}, who does not`);
        }
      }
    }
  },
});

export const rostersAreEqual: MakeChecker = (world, complain) => ({
  name: 'roster',
  whenCalm: () => {
    const living = world.living().map(({ id }) => id);
    for (const tab of world.living()) {
      const { members } = tab.node.inspect().membership;
      const missing = living.filter((id) => !members.has(id));
      const ghosts = [...members.keys()].filter((id) => !living.includes(id));
      const suspects = [...members].filter(([, { status }]) => status !== 'alive').map(([id]) => id);
      if (missing.length > 0) complain(`${nameOf(tab.id)} lacks ${missing.map(nameOf).join(' ')}`);
      if (ghosts.length > 0)
        complain(`${nameOf(tab.id)} lists ${ghosts.map(nameOf).join(' ')}, who are gone`);
      if (suspects.length > 0) complain(`${nameOf(tab.id)} suspects ${suspects.map(nameOf).join(' ')}`);
    }
  },
});

export const statesAreEqual: MakeChecker = (world, complain) => ({
  name: 'state',
  whenCalm: () => {
    const [first, ...others] = world.living();
    if (!first) return;
    const expected = textOfState(first.node.inspect().state.collections);
    for (const tab of others) {
      const held = textOfState(tab.node.inspect().state.collections);
      const differs = [...new Set([...expected.keys(), ...held.keys()])].filter(
        (key) => expected.get(key) !== held.get(key),
      );
      if (differs.length > 0) {
        complain(
          `${nameOf(tab.id)} and ${nameOf(first.id)} differ in ${differs.length}: ${differs.slice(0, 3).join(', ')}`,
        );
      }
    }
  },
});

/** What each shows of itself is what all others show of it. */
export const presencesAreEqual: MakeChecker = (world, complain) => ({
  name: 'shown',
  whenCalm: () => {
    for (const owner of world.living()) {
      const own = textOfFields(owner.node.inspect().presence.fieldsByOwner.get(owner.id));
      for (const tab of world.living()) {
        const shown = textOfFields(tab.node.inspect().presence.fieldsByOwner.get(owner.id));
        if (shown !== own) complain(`${nameOf(tab.id)} shows ${nameOf(owner.id)} as ${shown}, not ${own}`);
      }
    }
  },
});

/**
 * A quiet room is in sync: no member compares the same table with another again and again. Now and then a record may be
 * on its way, for stability stamps go round while there are tombstones; then both may begin.
 */
export const tablesRest: MakeChecker = (world, complain) => {
  const topsByPlace = new Map<string, number>();
  let calm = false;
  return {
    name: 'rest',
    observer: {
      sent: (tab, to, message) => {
        if (!calm || message.kind !== 'top') return;
        const place = [tab.id, to, message.table].join(' ');
        topsByPlace.set(place, (topsByPlace.get(place) ?? 0) + 1);
      },
    },
    whenCalm: () => {
      calm = true;
      world.run(REST_MS);
      for (const [place, times] of topsByPlace) {
        const [from = '', to = '', table] = place.split(' ');
        const compared = `${nameOf(from)} compared ${table} with ${nameOf(to)}`;
        if (times > ROUNDS_MAX) complain(`${compared} ${times} times in ${REST_MS / 1_000} s of calm`);
      }
    },
  };
};

/** Four times the least pause between two rounds. */
const REST_MS = 20_000;
/** Half of what a pair comes to that goes on and on. Each of twenty members publishes its stamp each 30 s. */
const ROUNDS_MAX = 2;

function textOfState(collections: ReadonlyMap<string, ReadonlyMap<string, Value>>): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [collection, entries] of collections) {
    for (const [key, value] of entries) texts.set(`${collection}/${key}`, JSON.stringify(value) ?? '');
  }
  return texts;
}

function textOfFields(fields: ReadonlyMap<string, Value> | undefined): string {
  return JSON.stringify([...(fields ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** When the last fault is long over, nobody who is here is declared dead, and nobody is blamed. */
export const nobodyIsWronged: MakeChecker = (world, complain) => {
  let calmSinceMs = Infinity;
  return {
    name: 'wronged',
    observer: {
      told: (tab, event) => {
        if (world.timeMs() - calmSinceMs < AFTERMATH_MS) return;
        if (event.kind === 'peerMisbehaved')
          complain(`${nameOf(tab.id)} blames ${nameOf(event.peer)} for ${event.reason}`);
        else if (event.kind === 'memberLeft' && world.tabOf(event.id)?.isAlive())
          complain(`${nameOf(tab.id)} takes ${nameOf(event.id)} for dead`);
      },
    },
    calmed: () => {
      calmSinceMs = world.timeMs();
    },
  };
};

/** Suspicions that faults began have ended by then, as has all that was under way. */
const AFTERMATH_MS = 30_000;
