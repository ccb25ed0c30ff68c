/** What the faults of the swarm leave out, for nobody could be well after it. */
import { expect, test } from 'vitest';
import { createRng } from '#shared/base/rng.ts';
import { createMeshWorld } from '#sim/world.ts';
import type { MeshWorld } from '#sim/swarm/checker.ts';
import type { Tab } from '#sim/swarm/draw.ts';
import { createExtras } from '#sim/swarm/extras.ts';
import { FAULTS } from '#sim/swarm/faults.ts';

const DAY_MS = 86_400_000;

test('clocks are wrong by over a day, but one at a time', () => {
  const skewByTab = new Map<Tab, number>();
  const open = ({ skewMs }: { readonly skewMs: number }): Tab => {
    const tab = {
      isAlive: () => skewByTab.has(tab),
      setSkew: (ms: number) => void skewByTab.set(tab, ms),
    } as unknown as Tab;
    skewByTab.set(tab, skewMs);
    return tab;
  };
  const world = { open, living: () => [...skewByTab.keys()] } as unknown as MeshWorld;
  const rng = createRng([1]);
  const happen = (name: string, tab: Tab): void =>
    FAULTS.find((fault) => fault.name === name)?.happen({ world, tab, other: tab, rng, tabsMax: 8 });
  const dayOff = (): number => [...skewByTab.values()].filter((ms) => Math.abs(ms) > DAY_MS).length;

  for (let tabs = 0; tabs < 4; tabs++) open({ skewMs: 0 });
  const seen = new Set<number>();
  for (let step = 0; step < 500; step++) {
    happen('open', rng.pick([...skewByTab.keys()])!);
    happen('wrong clock', rng.pick([...skewByTab.keys()])!);
    seen.add(dayOff());
    if (skewByTab.size > 4) skewByTab.delete(rng.pick([...skewByTab.keys()])!);
  }
  expect(seen).toEqual(new Set([0, 1]));
});

test('what the extras began is not gone on with once all is calm', () => {
  for (const seed of [1, 2, 3]) {
    const world = createMeshWorld({ seed });
    for (let opened = 0; opened < 6; opened++) world.open();
    world.run(20_000);
    const parted: number[] = [];
    const said: number[] = [];
    const extras = createExtras(
      {
        ...world,
        part: () => void parted.push(world.timeMs()),
        cut: () => undefined,
        command: () => void said.push(world.timeMs()),
      },
      { rng: createRng([seed]), tabsMax: 6, trace: undefined },
    );
    // So many that each kind is drawn; nothing that they wait for comes while no time passes.
    for (let step = 0; step < 300; step++) extras.give();
    expect(said.length).toBeGreaterThan(0);
    extras.end();
    said.length = 0;
    world.run(60_000);
    expect({ parted, said }).toEqual({ parted: [], said: [] });
  }
});
