/** The hybrid clock and true time: no stamp drags it past the bound, and neighbors with true clocks set a wrong one right. */
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type { Input } from '#shared/mesh/messages.ts';
import { WALL_START_MS, type SimTab } from '../tab.ts';
import { nameOf, type MakeChecker } from './checker.ts';
import type { Tab } from './draw.ts';

/** What a round trip, halved, and whole milliseconds leave open in calm. */
const OFFSET_ERROR_MS = 100;

export const clocksStayNear: MakeChecker = (world, complain) => {
  const { driftMsMax } = defaultMeshConfig.state;
  const clockByTab = new Map<SimTab, number>();
  /** How far wrong any clock has been, behind and ahead. */
  let slowestMs = 0;
  let fastestMs = 0;
  const wrongMs = (tab: SimTab): number => tab.wallMs() - Math.round(WALL_START_MS + world.timeMs());

  const checkOffset = (tab: Tab): void => {
    const { activeView } = tab.node.inspect().overlay;
    const clocks = [tab, ...activeView.flatMap((id) => world.tabOf(id) ?? [])];
    const right = clocks.filter((each) => wrongMs(each) === 0).length;
    const offMs = wrongMs(tab) + tab.node.inspect().state.offsetMs;
    if (2 * right > clocks.length && Math.abs(offMs) > OFFSET_ERROR_MS)
      complain(
        `${nameOf(tab.id)} is ${offMs} ms off, among ${clocks.length} clocks of which ${right} are true`,
      );
  };

  return {
    name: 'clock',
    observer: {
      stepped: (tab, input) => {
        if (!maySetClock(input)) return;
        const { clock, offsetMs } = tab.node.inspect().state;
        const before = clockByTab.get(tab) ?? 0;
        clockByTab.set(tab, clock.wall);
        const aheadMs = clock.wall - (tab.wallMs() + offsetMs);
        // A clock that is ahead counts on from where it is.
        if (clock.wall > before + 1 && aheadMs > driftMsMax)
          complain(`the clock of ${nameOf(tab.id)} went ${aheadMs} ms past the room's time`);
      },
    },
    look: () => {
      for (const tab of world.living()) {
        slowestMs = Math.min(slowestMs, wrongMs(tab));
        fastestMs = Math.max(fastestMs, wrongMs(tab));
      }
    },
    whenCalm: () => {
      for (const tab of world.living()) {
        const aheadMs = tab.node.inspect().state.clock.wall - (WALL_START_MS + world.timeMs());
        if (aheadMs > fastestMs - slowestMs + driftMsMax)
          complain(`the clock of ${nameOf(tab.id)} is ${aheadMs} ms ahead of true time`);
        checkOffset(tab);
      }
    },
  };
};

/** A write, entries of others, and the end of a comparison, after which old writes are said anew. */
function maySetClock(input: Input): boolean {
  if (input.kind === 'command') return input.command.kind === 'write';
  if (input.kind !== 'frame') return false;
  const { message } = input;
  if (message.kind === 'gossip') return message.payload.kind === 'state';
  if (message.kind === 'delta') return message.table === 'state';
  return message.kind === 'roundDone' || message.kind === 'wantRecords';
}
