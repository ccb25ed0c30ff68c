/**
 * Who is let in before it is seen: stands between what the node tells and what this tab shows. What is told of a member
 * that has not been admitted waits, and is dropped when it is turned away. Nothing else changes: it is in the room,
 * relays and is relayed to, and what it writes to shared state converges here as everywhere. Who shows another user than
 * the one that was judged is taken off, and asked about again.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import { isolate } from '../isolate.ts';
import type { Admit, Value } from '../types.ts';
import { ACTIVITY_FIELD } from './activity.ts';

/** Messages of one member that wait for the answer; further ones are dropped and counted. Guess: a burst of chat. */
const MESSAGES_MAX: number = 256;

export interface AdmissionDeps {
  readonly self: PeerId;
  readonly admit: Admit;
  /** The user whose key has signed for this member. */
  readonly userOf: (id: PeerId) => string | undefined;
  /** Whether it is in the room, listed here or not. */
  readonly isHere: (id: PeerId) => boolean;
  /** All that it shows now. */
  readonly presenceOf: (id: PeerId) => ReadonlyMap<string, Value> | undefined;
  /** Where what may be shown goes. */
  readonly pass: (events: readonly MeshEvent[]) => void;
  readonly count: (reason: 'not-admitted') => void;
}

export interface Admission {
  readonly onEvents: (events: readonly MeshEvent[]) => void;
  readonly isAdmitted: (id: PeerId) => boolean;
  /** Nobody is asked any more; questions under way are told so by their signal. */
  readonly close: () => void;
}

type Told<K extends MeshEvent['kind']> = Extract<MeshEvent, { kind: K }>;

/** A member about which the application is being asked. */
interface Candidate {
  readonly joined: Told<'memberJoined'>;
  /** As whom it is judged. */
  userId: string | undefined;
  suspected: Told<'memberSuspected'> | undefined;
  readonly messages: Told<'message'>[];
  giveUp: AbortController;
}

/** What was answered about a member, as this user. */
interface Judged {
  readonly answer: 'admitted' | 'refused';
  readonly userId: string | undefined;
  suspected: Told<'memberSuspected'> | undefined;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is how each member stands.
export function createAdmission(deps: AdmissionDeps): Admission {
  const { self, admit, userOf, isHere, presenceOf, pass, count } = deps;
  /** Of each member that is here; bounded by the roster. */
  const standingById = new Map<PeerId, Candidate | Judged>();
  /** What those show who are not admitted; it may be told before they are. Bounded by the presence layer. */
  const fieldsById = new Map<PeerId, Map<string, Value | undefined>>();
  let closed = false;

  return {
    onEvents: (events) => {
      events.forEach(reconsider);
      const shown = events.filter((event) => !keep(event));
      if (shown.length > 0) pass(shown);
    },
    isAdmitted,
    close: () => {
      closed = true;
      for (const id of standingById.keys()) forget(id);
    },
  };

  function isAdmitted(id: PeerId): boolean {
    return id === self || answerTo(id) === 'admitted';
  }

  function answerTo(id: PeerId): Judged['answer'] | undefined {
    const standing = standingById.get(id);
    return standing && 'answer' in standing ? standing.answer : undefined;
  }

  /** Users come with cards, of which nothing is told but what comes of them: whatever happens, they may be others. */
  function reconsider(event: MeshEvent): void {
    const about = memberOf(event);
    if (about !== undefined) judgeAnew(about);
    else if (!MANY.has(event.kind)) standingById.forEach((_standing, id) => judgeAnew(id));
  }

  function judgeAnew(id: PeerId): void {
    const standing = standingById.get(id);
    // Of whoever has just gone nobody knows the user any more, and its leaving is told next.
    if (!standing || standing.userId === userOf(id) || !isHere(id)) return;
    if ('giveUp' in standing) return standing.giveUp.abort();
    if (standing.answer === 'admitted') pass([{ kind: 'memberLeft', id, reason: 'forgotten' }]);
    fieldsById.set(id, new Map(presenceOf(id)));
    ask({ kind: 'memberJoined', id, returned: false }, standing.suspected);
  }

  /** True when an event is about somebody who is not admitted: it waits here, or is dropped. */
  function keep(event: MeshEvent): boolean {
    const about = memberOf(event);
    if (about === undefined) return false;
    const wasAdmitted = isAdmitted(about);
    noteSuspicion(about, event);
    if (event.kind === 'memberLeft') forget(about);
    else if (!wasAdmitted) keepBack(about, event);
    return !wasAdmitted;
  }

  function noteSuspicion(id: PeerId, event: MeshEvent): void {
    const standing = standingById.get(id);
    if (!standing) return;
    if (event.kind === 'memberSuspected') standing.suspected = event;
    if (event.kind === 'memberRecovered') standing.suspected = undefined;
  }

  function keepBack(id: PeerId, event: MeshEvent): void {
    const standing = standingById.get(id);
    if (event.kind === 'memberJoined' && standing === undefined) return ask(event);
    if (event.kind === 'presenceChanged' && answerTo(id) !== 'refused') return keepPresence(event);
    const candidate = standing && 'messages' in standing ? standing : undefined;
    if (event.kind === 'message') keepMessage(event, candidate);
  }

  function keepPresence({ owner, fields }: Told<'presenceChanged'>): void {
    const kept = fieldsById.get(owner) ?? new Map<string, Value | undefined>();
    for (const [field, value] of fields) kept.set(field, value);
    fieldsById.set(owner, kept);
  }

  function keepMessage(event: Told<'message'>, candidate: Candidate | undefined): void {
    if (candidate && candidate.messages.length < MESSAGES_MAX) candidate.messages.push(event);
    else count('not-admitted');
  }

  function ask(joined: Told<'memberJoined'>, suspected?: Told<'memberSuspected'>): void {
    const candidate: Candidate = {
      joined,
      userId: userOf(joined.id),
      suspected,
      messages: [],
      giveUp: new AbortController(),
    };
    standingById.set(joined.id, candidate);
    // What it shows may follow within the same input.
    queueMicrotask(() => void decide(candidate));
  }

  async function decide(candidate: Candidate): Promise<void> {
    const { id } = candidate.joined;
    const isAsked = (): boolean => !closed && standingById.get(id) === candidate;
    let isWelcome: boolean;
    do {
      if (!isAsked()) return;
      candidate.userId = userOf(id);
      candidate.giveUp = new AbortController();
      isWelcome = await answerFor(candidate);
    } while (candidate.userId !== userOf(id));
    if (!isAsked()) return;
    if (isWelcome) letIn(candidate);
    else turnAway(candidate);
  }

  /** Whoever cannot be judged stays out; that the judge failed is reported as any error of the page. */
  async function answerFor({ joined: { id }, userId, giveUp }: Candidate): Promise<boolean> {
    const presence = Object.freeze(Object.fromEntries(shownFields(id)));
    try {
      // Only `true` lets in: an application in plain JavaScript may answer anything.
      const answer: unknown = await admit(Object.freeze({ id, userId, presence }), {
        signal: giveUp.signal,
      });
      return answer === true;
    } catch (error) {
      if (!giveUp.signal.aborted) {
        isolate(() => {
          throw error;
        });
      }
      return false;
    }
  }

  function shownFields(id: PeerId): readonly (readonly [string, Value])[] {
    return [...(fieldsById.get(id) ?? [])].flatMap(([field, value]) =>
      value === undefined || field === ACTIVITY_FIELD ? [] : [[field, value] as const],
    );
  }

  function letIn({ joined, userId, suspected, messages }: Candidate): void {
    const { id } = joined;
    standingById.set(id, { answer: 'admitted', userId, suspected });
    const fields = fieldsById.get(id);
    fieldsById.delete(id);
    const presence: readonly MeshEvent[] = fields ? [{ kind: 'presenceChanged', owner: id, fields }] : [];
    pass([joined, ...presence, ...(suspected ? [suspected] : []), ...messages]);
  }

  function turnAway({ joined: { id }, userId, suspected, messages }: Candidate): void {
    standingById.set(id, { answer: 'refused', userId, suspected });
    fieldsById.delete(id);
    for (let nth = 0; nth < messages.length; nth++) count('not-admitted');
  }

  /** Who comes again is asked about again. */
  function forget(id: PeerId): void {
    const standing = standingById.get(id);
    standingById.delete(id);
    fieldsById.delete(id);
    if (standing && 'giveUp' in standing) standing.giveUp.abort();
  }
}

/** What shows nobody and comes too often to look at all members each time. */
const MANY: ReadonlySet<MeshEvent['kind']> = new Set(['stateChanged', 'delivered', 'peerMisbehaved']);

/** The member whose doing an event shows; `undefined` for what shows nobody. */
function memberOf(event: MeshEvent): PeerId | undefined {
  switch (event.kind) {
    case 'memberJoined':
    case 'memberLeft':
    case 'memberSuspected':
    case 'memberRecovered':
      return event.id;
    case 'presenceChanged':
      return event.owner;
    case 'message':
    case 'gap':
      return event.from;
    case 'rtt':
      return event.peer;
    // A link is this tab's own, whoever is at its other end.
    case 'linkOpened':
    case 'linkClosed':
    case 'graphChanged':
    case 'attemptFailed':
    case 'greeted':
    case 'synced':
    case 'stateChanged':
    case 'entryRefused':
    case 'delivered':
    case 'undeliverable':
    case 'peerMisbehaved':
    case 'versionTooOld':
      return undefined;
  }
}
