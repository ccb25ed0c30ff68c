/**
 * A third of the room are a ring that surrounds one member: all in it ask the victim for links all the time, introduce
 * each other to it, hold the links they get, carry nothing on them, and name none but each other as their neighbors.
 *
 * The room forms, three members a second; then the attack begins, and lasts for 90 s. Variants: the victim is the `first`
 * of the room, or the `last`, who comes into a room in which the ring waits for it. `credulous` is the control: the first
 * again, in a room whose members count no choices and believe who says that it is in need.
 *
 * - `links`: of the victim when all is over; `othersPct`: the share of these that it did not draw from the roster itself.
 *   `ringPct`: the share that leads to the ring.
 * - `deliveredPct`: of what every honest member says then, how much the victim hears; `heardPct`: of what the victim
 *   says, by how many of them it is heard.
 * - `constructedPerMinute`: connections that the victim constructed in the last half minute of the attack, as a rate.
 */
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import { createMixedWorld } from '../attackers.ts';
import { createRing } from '../eclipse.ts';
import { hearing } from '../hearing.ts';
import {
  atLeast,
  atMost,
  type Row,
  type Scenario,
  type ScenarioOptions,
  type ScenarioResult,
} from '../scenario.ts';

const OPEN_MS = 300;
const SETTLE_MS = 10_000;
const ATTACK_MS = 90_000;
const HEARD_MS = 5_000;
/** Every third. */
const EVERY = 3;

const row = { id: '', nodes: 60 };

/** Nobody is ever pressed, so that whoever asks has what slots there are. */
const CREDULOUS: MeshConfig = {
  ...defaultMeshConfig,
  overlay: {
    ...defaultMeshConfig.overlay,
    ownChoicesMin: 0,
    othersChoicesMax: defaultMeshConfig.overlay.degreeMax,
    pressSpanMs: 86_400_000,
  },
};

export const eclipse: Scenario = {
  name: 'eclipse',
  about: 'A third of the room surrounds one member.',
  nodesDefault: 60,
  variants: ['first', 'last', 'credulous'],
  run,
  rows: ['first', 'last']
    .flatMap((variant): Row[] => [
      { ...row, variant, metric: 'othersPct', target: atMost(50) },
      { ...row, variant, metric: 'deliveredPct', target: atLeast(100) },
      { ...row, variant, metric: 'heardPct', target: atLeast(100) },
      { ...row, variant, metric: 'links', target: atMost(10) },
      { ...row, variant, metric: 'ringPct', target: undefined },
      { ...row, variant, metric: 'constructedPerMinute', target: undefined },
    ])
    .concat({ ...row, variant: 'credulous', metric: 'othersPct', target: undefined }),
};

function run({ nodes, seed, variant, progress }: ScenarioOptions): ScenarioResult {
  const ring = createRing(seed);
  // The first and the last are honest.
  const isInRing = (index: number): boolean => index % EVERY === 1 && index < nodes - 1;
  const world = createMixedWorld({
    seed,
    corrupt: (index) => (isInRing(index) ? ring.join : undefined),
    config: variant === 'credulous' ? CREDULOUS : undefined,
  });
  for (let index = 0; index < nodes - 1; index++) {
    world.open();
    world.run(OPEN_MS);
  }
  world.run(SETTLE_MS);
  progress('surrounding');
  const newcomer = world.open();
  const victim = variant === 'last' ? newcomer : world.tabs[0]!;
  ring.attack(victim.id);
  world.run(ATTACK_MS / 2);
  const before = victim.node.inspect().overlay.constructed;
  world.run(ATTACK_MS / 2);
  const { activeView, ownChoices, constructed } = victim.node.inspect().overlay;
  const honest = world.tabs.filter(({ index }) => !isInRing(index));
  const inRing = new Set(ring.ids);
  const pct = (part: number): number => (100 * part) / activeView.length;
  return {
    metrics: {
      links: activeView.length,
      othersPct: pct(activeView.length - ownChoices.length),
      ringPct: pct(activeView.filter((id) => inRing.has(id)).length),
      constructedPerMinute: ((constructed - before) * 60_000) / (ATTACK_MS / 2),
      deliveredPct: hearing(world, { speakers: honest, listeners: [victim], withinMs: HEARD_MS }),
      heardPct: hearing(world, { speakers: [victim], listeners: honest, withinMs: HEARD_MS }),
    },
    curves: {},
  };
}
