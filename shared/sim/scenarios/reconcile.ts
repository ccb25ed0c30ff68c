/**
 * What it costs two neighbors, and a room, to know that they hold the same, and to find what they do not.
 *
 * - `pair`: two members with 1,000 records. Differences are planted on the open link: one end is handed newer
 *   records as a delta in the name of the other, who never had them; half of them at each end. Their heartbeats
 *   show it.
 * - `idle`: a room with 1,000 records in which nothing happens.
 * - `cursors`: everybody moves a cursor twenty times a second for a minute.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { Entry } from '#shared/state/messages.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import { haveEqualState } from '../halves.ts';
import { formRoom } from '../forming.ts';
import { bytesOf, countFrames, roundTripsOf, type FrameCount } from '../frames.ts';
import { atMost, type Row, type Scenario, type ScenarioOptions, type ScenarioResult } from '../scenario.ts';
import { WALL_START_MS, type SimTab } from '../tab.ts';
import { createMeshWorld, type World } from '../world.ts';

type Tab = SimTab<MeshSnapshot>;

const RECORDS = 1_000;
const MINUTE_MS = 60_000;
/** How old the records are when some of them change: the time between takes room in a message. */
const AGE_MS = 3_600_000;
/** A root on a heartbeat, and one on its answer. */
const ROOT_BYTES = 8;
const CURSOR_MS = 50;
/** Written so many at a time, a tenth of a second apart, as a room fills. */
const BATCH = 10;

/** By members: all that its membership sends, with 1 % loss. */
const IDLE_ANCHORS: Readonly<Record<number, string>> = { 20: 'ScaleCube: 870', 100: 'ScaleCube: 661' };

/** Also of a room of 1,000, in the large scenario. */
export function idleRow(nodes: number): Row {
  const anchor = IDLE_ANCHORS[nodes];
  const row = { id: '10', nodes, variant: 'idle', metric: 'idleBytesPerS', target: atMost(400) };
  return anchor === undefined ? row : { ...row, anchor };
}

const pair = { id: '10', nodes: 2, variant: 'pair' };
const rows: readonly Row[] = [
  { ...pair, metric: 'inSyncBytes', target: atMost(16), anchor: 'Negentropy V1: 338' },
  { ...pair, metric: 'oneDiffBytes', target: atMost(300), anchor: 'Negentropy V1: 930 to 993' },
  { ...pair, metric: 'tenDiffBytes', target: atMost(1_500), anchor: 'Negentropy V1: 6087' },
  { ...pair, metric: 'hundredDiffBytes', target: atMost(6_000), anchor: 'Negentropy V1: 26740' },
  { ...pair, metric: 'roundTrips', target: atMost(2), anchor: 'Negentropy V1: 2' },
  ...[20, 100].map(idleRow),
  { id: '10', nodes: 20, variant: 'cursors', metric: 'cursorRounds', target: atMost(0) },
];

/**
 * Bytes are those of whole frames, both ways, of the messages of a round, records excluded.
 * - `inSyncBytes`: of one heartbeat and its answer the two roots of the state; and the frames of rounds, of which
 *   there are none when all is well, in a minute. `newLinkBytes`: the round over the state on a new link.
 * - `oneDiffBytes`, `tenDiffBytes`, `hundredDiffBytes`: until both hold the same. `roundTrips`: the most of these.
 * - `idleBytesPerS`: all frames of the room in a minute, per member and second.
 * - `cursorRounds`: rounds begun while cursors move and ten seconds after; those of links that open meanwhile not
 *   counted.
 */
export const reconcile: Scenario = {
  name: 'reconcile',
  about: 'What it costs to be in sync, and to become so.',
  nodesDefault: 2,
  variants: ['pair', 'idle', 'cursors'],
  rows,
  run: (options) => {
    if (options.variant === 'idle') return runIdle(options);
    return options.variant === 'cursors' ? runCursors(options) : runPair(options);
  },
};

function runPair({ seed, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  const frames = countFrames(world);
  progress('filling');
  const [one, other] = [world.open(), world.open()];
  world.run(20_000);
  fill(world);
  world.run(20_000);
  progress('comparing');
  world.failLink(one, other);
  frames.clear();
  world.run(20_000);
  const newLinkBytes = bytesOf(frames.rounds('state'));
  frames.clear();
  world.run(MINUTE_MS);
  const inSyncBytes = 2 * ROOT_BYTES + bytesOf(frames.rounds());
  world.run(AGE_MS);
  const [single, ten, hundred] = [1, 10, 100].map((count) => mend(world, frames, [one, other], count));
  return {
    metrics: {
      newLinkBytes,
      inSyncBytes,
      oneDiffBytes: single!.bytes,
      tenDiffBytes: ten!.bytes,
      hundredDiffBytes: hundred!.bytes,
      roundTrips: Math.max(single!.roundTrips, ten!.roundTrips, hundred!.roundTrips),
      mended: Number(haveEqualState([one, other])),
    },
    curves: {},
  };
}

/** Records of all members in turn, so that every member has written some. */
function fill(world: World<MeshSnapshot>, records: number = RECORDS): void {
  const tabs = world.living();
  for (let at = 0; at < records; at++) {
    const tab = tabs[at % tabs.length]!;
    world.command(tab, { kind: 'write', collection: 'notes', key: `note-${at}`, value: at });
    if (at % BATCH === BATCH - 1) world.run(100);
  }
}

interface Mended {
  readonly bytes: number;
  readonly roundTrips: number;
}

function mend(
  world: World<MeshSnapshot>,
  frames: FrameCount,
  [one, other]: readonly [Tab, Tab],
  count: number,
): Mended {
  const keys = world.rng
    .sample(
      Array.from({ length: RECORDS }, (_, at) => at),
      count,
    )
    .map((at) => `note-${at}`);
  const half = world.rng.fraction() < 0.5 ? Math.ceil(count / 2) : Math.floor(count / 2);
  frames.clear();
  plant(world, one, other, keys.slice(0, half));
  plant(world, other, one, keys.slice(half));
  // Long enough for both to have them.
  world.run(100);
  world.runUntil(() => haveEqualState([one, other]), MINUTE_MS);
  world.run(10_000);
  const sent = frames.rounds('state');
  return { bytes: bytesOf(sent), roundTrips: roundTripsOf(sent) };
}

/** `to` gets newer records by a delta of `from`, who does not have them. */
function plant(world: World<MeshSnapshot>, from: Tab, to: Tab, keys: readonly string[]): void {
  const wall = WALL_START_MS + Math.floor(world.timeMs());
  const records = keys.map((key): Entry => entryOf(key, wall, from.id));
  if (records.length > 0) world.forge(from, to.id, { kind: 'delta', table: 'state', records });
}

const entryOf = (key: string, wall: number, by: PeerId): Entry => ({
  collection: 'notes',
  key,
  value: 'newer',
  stamp: { wall, counter: 0, by },
  proof: null,
});

function runIdle({ nodes, seed, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  progress('forming');
  formRoom(world, { nodes });
  return beIdle(world, { progress, records: RECORDS });
}

/** The story in a room that exists. */
export function beIdle(
  world: World<MeshSnapshot>,
  { progress, records }: Pick<ScenarioOptions, 'progress'> & { readonly records: number },
): ScenarioResult {
  progress('filling');
  fill(world, records);
  world.run(30_000);
  progress('idle');
  const frames = countFrames(world);
  const before = world.constructed();
  world.run(MINUTE_MS);
  const seconds = MINUTE_MS / 1_000;
  if (!haveEqualState(world.living())) throw new Error('The room at rest does not hold one state.');
  return {
    metrics: {
      idleBytesPerS: frames.bytes() / seconds / world.living().length,
      idleRounds: frames.rounds().filter(({ message }) => message.kind === 'top').length,
      idleConstructed: world.constructed() - before,
    },
    curves: {},
  };
}

function runCursors({ nodes, seed, progress }: ScenarioOptions): ScenarioResult {
  const world = createMeshWorld({ seed });
  const frames = countFrames(world);
  progress('forming');
  formRoom(world, { nodes });
  const fresh = new Set<string>();
  world.observe({
    told: (tab, event) => {
      if (event.kind === 'linkOpened') fresh.add(`${tab.id}/${event.peer}`);
    },
  });
  frames.clear();
  for (let movedMs = 0; movedMs < MINUTE_MS; movedMs += CURSOR_MS) {
    if (movedMs % 10_000 === 0) progress(`moving, second ${movedMs / 1_000} of 60`);
    for (const tab of world.living()) {
      const cursor = { x: world.rng.below(1_000), y: world.rng.below(1_000) };
      world.command(tab, { kind: 'present', fields: new Map([['cursor', cursor]]) });
    }
    world.run(CURSOR_MS);
  }
  world.run(10_000);
  const tops = frames.rounds().filter(({ message }) => message.kind === 'top');
  return {
    metrics: {
      cursorRounds: tops.filter(({ from, to }) => !fresh.has(`${from}/${to}`)).length,
      linksOpened: fresh.size / 2,
      bytesPerS: frames.bytes() / 70 / nodes,
    },
    curves: {},
  };
}
