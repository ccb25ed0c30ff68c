/**
 * A room falls into two halves that hear nothing of each other, and is made whole again.
 *
 * During the cut no half reaches the server (a cable that is pulled takes it along); it is there again, and
 * empty, at the moment of healing. Each half writes a record a second meanwhile.
 */
import { crossedPct, growthPlots, halvesOf, watchGrowth, watchMerge } from '../halves.ts';
import { formRoom } from '../forming.ts';
import { atLeast, atMost, type Row, type Scenario, type ScenarioOptions } from '../scenario.ts';
import { createMeshWorld } from '../world.ts';

/** How long the halves are watched after healing, before their links are counted. */
const WATCHED_MS = 60_000;

const LEVELS = ['30', '120', '600'] as const;
const SIZES = [20, 50, 100] as const;

/** By length of the cut and members: of its runs, those that were one room a minute after the healing; none was after 10 s. */
const MERGED_PCT = {
  '30': { 20: 97, 50: 97, 100: 80 },
  '120': { 20: 80, 50: 90, 100: 87 },
  '600': { 20: 33, 50: 33, 100: 30 },
} as const;

const rows: readonly Row[] = SIZES.flatMap((nodes) =>
  LEVELS.flatMap((variant): Row[] => {
    // Of the larger rooms a bench without `--full` has time for one.
    const isAlways = nodes === 20 || (nodes === 50 && variant === '120');
    const row = { id: '8', nodes, variant, ...(isAlways ? {} : { fullOnly: true }) };
    return [
      {
        ...row,
        metric: 'mergedS',
        target: atMost(10),
        anchor: `iroh-gossip 0.101: ${MERGED_PCT[variant][nodes]} % by 60 s`,
      },
      { ...row, metric: 'crossedPct', target: atLeast(20) },
      { ...row, metric: 'stateEqualMs', target: atMost(2_000) },
      { ...row, metric: 'constructedPerNode', target: undefined },
    ];
  }),
);

/**
 * - `mergedS`: from healing until every member lists all; `firstCrossS`: until a link joins the halves.
 * - `crossedPct`: share of the open links that join the halves, 60 s after healing.
 * - `stateEqualMs`: from that first link until all show one root of the state.
 * - `constructedPerNode`: connections constructed during the cut; `constructedAfter`: in the 60 s behind it.
 */
export const partition: Scenario = {
  name: 'partition',
  about: 'A room is cut in halves for a while, and healed.',
  nodesDefault: 50,
  variants: LEVELS,
  rows,
  run: ({ nodes, seed, variant, progress }: ScenarioOptions) => {
    const world = createMeshWorld({ seed });
    progress('forming');
    formRoom(world, { nodes });
    const [one, other] = halvesOf(world);
    const before = world.constructed();
    world.part([one, other]);
    world.server.setUp(false);
    for (let second = 0; second < Number(variant); second++) {
      if (second % 30 === 0) progress(`parted, second ${second} of ${variant}`);
      for (const half of [one, other]) {
        const writer = world.rng.pick(half)!;
        const key = `second-${second}-${half === one ? 'one' : 'other'}`;
        world.command(writer, { kind: 'write', collection: 'notes', key, value: second });
        // Both write this one, so that the halves disagree.
        world.command(writer, { kind: 'write', collection: 'notes', key: 'both', value: key });
      }
      world.run(1_000);
    }
    progress('healing');
    const during = world.constructed() - before;
    world.heal();
    world.server.setUp(true);
    const healedAt = world.timeMs();
    const growth = watchGrowth(world, one, WATCHED_MS);
    const merge = watchMerge(world, one, WATCHED_MS);
    world.run(healedAt + WATCHED_MS - world.timeMs());
    return {
      metrics: {
        mergedS: merge.mergedMs / 1_000,
        firstCrossS: merge.firstCrossMs / 1_000,
        crossedPct: crossedPct(world, one),
        stateEqualMs: merge.stateEqualMs,
        constructedPerNode: during / nodes,
        constructedAfter: (world.constructed() - before - during) / nodes,
      },
      curves: growthPlots(growth),
    };
  },
};
