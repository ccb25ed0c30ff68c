/**
 * A room of a thousand, in which one after another is told what other scenarios tell in rooms of their own: for it is
 * forming that takes time. Its acts: an idle minute (`reconcile`, with 100 records), `broadcast`, five crashes and
 * three goodbyes (`crash`), and the death of four in five with the server staying (`kill`). A figure is named after its
 * act, and means what it means there, of fewer records and departures.
 */
import { formRoom } from '../forming.ts';
import type { Drawing, Row, Scenario, ScenarioOptions, ScenarioResult } from '../scenario.ts';
import { createMeshWorld } from '../world.ts';
import { rowsOf as broadcastRows, speak } from './broadcast.ts';
import { depart, rowsOf as crashRows, watchDepartures } from './crash.ts';
import { killMost, rowsOf as killRows } from './kill.ts';
import { beIdle, idleRow } from './reconcile.ts';

const NODES = 1_000;
const RECORDS = 100;
const CRASHES = 5;
const LEAVES = 3;
const KILLED_PERCENT = 80;
const KILL_VARIANT = `${KILLED_PERCENT}-server`;

export const large: Scenario = {
  name: 'large',
  about: 'A room of a thousand: idle, then with messages, crashes and goodbyes, and at last most of it dies.',
  nodesDefault: NODES,
  variants: ['acts'],
  run,
  rows: [
    ...inAct('reconcile', [idleRow(NODES)]),
    ...inAct('broadcast', broadcastRows(NODES, '2', { rmr: 0.1, p99Ms: 400, lastMs: 480 })),
    ...inAct('crash', crashRows(NODES, 'memberlist LAN: 14.6 s')),
    ...inAct(
      'kill',
      killRows(KILLED_PERCENT, NODES).filter(({ variant }) => variant === KILL_VARIANT),
    ),
  ],
};

function inAct(scenario: string, rows: readonly Row[]): Row[] {
  const act = (variant: string): Pick<Row, 'variant' | 'act' | 'fullOnly'> => ({
    variant: 'acts',
    act: { scenario, variant },
    // It takes some twenty minutes of one core, a third of them to form the room: a bench of half an hour has no time for it.
    fullOnly: true,
  });
  return rows.map((row) => ({ ...row, ...act(row.variant) }));
}

function run({ nodes, seed, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  const departures = watchDepartures(world);
  progress('forming');
  formRoom(world, { nodes });
  const acts: readonly (readonly [string, () => ScenarioResult])[] = [
    ['reconcile', () => beIdle(world, { progress, records: RECORDS })],
    ['broadcast', () => speak(world, { nodes, progress })],
    ['crash', () => depart(departures, { progress }, [CRASHES, LEAVES])],
    ['kill', () => killMost(world, departures.lists, { variant: KILL_VARIANT, progress })],
  ];
  const metrics: Record<string, number> = {};
  const curves: Record<string, Drawing> = {};
  for (const [act, tell] of acts) {
    const told = tell();
    for (const [name, figure] of Object.entries(told.metrics)) metrics[`${act} ${name}`] = figure;
    Object.assign(curves, told.curves);
  }
  return { metrics, curves };
}
