/**
 * One line per step of a node, in columns: when, who, what came in, how large its views are, what it did. The
 * simulator prints it, and a page's log may: the same bug looks the same in both. PROTOCOL.md has the legend.
 */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import type { Effect, Input, LinkMessage, MeshEvent, NodeTimer } from './messages.ts';

export interface TraceStep {
  readonly timeMs: number;
  readonly self: PeerId;
  readonly input: Input;
  readonly sizes: TraceSizes;
  readonly effects: readonly Effect[];
}

/** How large the views are after the step. */
export interface TraceSizes {
  readonly active: number;
  readonly passive: number;
  readonly members: number;
}

const TIME_WIDTH = 11;
const INPUT_WIDTH = 34;
const SIZES_WIDTH = 14;

/** The heading of a trace. */
export const TRACE_HEADING: string = [
  'time s'.padStart(TIME_WIDTH),
  'node',
  'input'.padEnd(INPUT_WIDTH),
  'views'.padEnd(SIZES_WIDTH),
  'effects',
].join('  ');

export function traceLine({ timeMs, self, input, sizes, effects }: TraceStep): string {
  return [
    (timeMs / 1_000).toFixed(3).padStart(TIME_WIDTH),
    short(self),
    inputToText(input).padEnd(INPUT_WIDTH),
    `a${sizes.active} p${sizes.passive} m${sizes.members}`.padEnd(SIZES_WIDTH),
    effectsToText(effects),
  ]
    .join('  ')
    .trimEnd();
}

const short = (id: PeerId): string => id.slice(0, 4);

function inputToText(input: Input): string {
  switch (input.kind) {
    case 'frame':
      return `<${short(input.from)} ${messageToText(input.message)}`;
    case 'badFrame':
    case 'badSignal':
      return `<${short(input.from)} bad ${input.reason}`;
    case 'command':
      return `command ${input.command.kind}`;
    case 'timer':
      return `timer ${timerToText(input.timer)}`;
    case 'channelOpened':
    case 'channelClosed':
    case 'described':
    case 'heard':
    case 'signed':
      return `${input.kind} ${short(input.peer)}`;
    case 'reached':
      return `reached ${short(input.peer)} ${Math.round(input.quietMs)} ms`;
    case 'congestion':
      return `${input.congested ? 'congested' : 'drained'} ${short(input.peer)}`;
    case 'serverSignal':
      return `server <${short(input.from)} ${input.message.kind}`;
    case 'serverUnreachable':
      return `${input.kind} ${short(input.to)}`;
    case 'start':
    case 'probe':
    case 'serverAttached':
    case 'serverContacts':
    case 'serverDetached':
    case 'serverListed':
    case 'serverNeeded':
      return input.kind;
    default:
      return unreachable(input);
  }
}

/** The same to several in a row is written once, with its count. */
function effectsToText(effects: readonly Effect[]): string {
  const parts: string[] = [];
  for (let at = 0; at < effects.length; at++) {
    const effect = effects[at]!;
    if (effect.kind !== 'send') {
      parts.push(effectToText(effect));
      continue;
    }
    const text = messageToText(effect.message);
    const first = at;
    for (let next = effects[at + 1]; next?.kind === 'send'; next = effects[at + 1]) {
      if (messageToText(next.message) !== text) break;
      at += 1;
    }
    const count = at - first + 1;
    parts.push(count === 1 ? `>${short(effect.to)} ${text}` : `>*${count} ${text}`);
  }
  return parts.join(', ');
}

function effectToText(effect: Exclude<Effect, { kind: 'send' }>): string {
  switch (effect.kind) {
    case 'tell':
      return `!${eventToText(effect.event)}`;
    case 'schedule':
      return `@${Math.round(effect.afterMs)} ${timerToText(effect.timer)}`;
    case 'serverSend':
      return `server >${short(effect.to)} ${effect.message.kind}`;
    case 'construct':
    case 'describe':
    case 'askReached':
    case 'restart':
    case 'destroy':
      return `${effect.kind} ${short(effect.peer)}`;
    case 'speak':
      return `speak ${effect.version}`;
    case 'tellTooOld':
      return `tellTooOld ${short(effect.to)}`;
    case 'attach':
    case 'detach':
    case 'askContacts':
      return effect.kind;
    default:
      return unreachable(effect);
  }
}

function eventToText(event: MeshEvent): string {
  if ('id' in event) return `${event.kind} ${short(event.id)}`;
  if ('peer' in event)
    return `${event.kind} ${short(event.peer)}${'reason' in event ? ` ${event.reason}` : ''}`;
  if ('from' in event) return `${event.kind} ${short(event.from)}`;
  return event.kind;
}

function messageToText(message: LinkMessage): string {
  if (message.kind === 'gossip') return `gossip:${message.payload.kind}`;
  if (message.kind === 'packet') return `packet:${message.payload.kind}`;
  if (message.kind === 'delta') return `delta:${message.table}`;
  return message.kind;
}

const timerToText = ({ layer, timer }: NodeTimer): string => `${layer}/${timer.kind}`;
