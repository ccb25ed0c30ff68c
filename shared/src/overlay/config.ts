/** What of the overlay may be tuned, what it costs, and where each default comes from. */
import { assert } from '../base/assert.ts';

export interface OverlayConfig {
  /** Links wanted in a large room. More: fewer hops and safer, but each is a connection. From `degreeMin` to `degreeMax`. */
  readonly degreeTarget: number;
  /** Links wanted in a small room, where everyone should see everyone. Same cost. From `degreeMin` to `degreeMax`. */
  readonly degreeTargetSmallRoom: number;
  /** Members up to which a room is small. More: more full meshes. At least 2. */
  readonly smallRoomSizeMax: number;
  /** Links below which help is asked with high priority and without a token. More: more forced links. At least 1. */
  readonly degreeMin: number;
  /** Links and attempts together never exceed this. More: hubs carry more. At least both targets. */
  readonly degreeMax: number;
  /** Links and attempts over the target beyond which a forced one evicts another. Less: more evictions. 0 to `degreeMax`. */
  readonly degreeSlack: number;

  /** Links of our own choice, drawn at random from the roster, that a member wants at least while it is pressed. More: harder to surround, dearer. 0 to half of `degreeTarget`. */
  readonly ownChoicesMin: number;
  /** Links and attempts of others' choice beyond which only those in need are let in. More: fuller houses, easier to surround. 1 to `degreeMax`, which is no limit. */
  readonly othersChoicesMax: number;
  /**
   * Asked in vain in so many spans of `pressSpanMs` that follow each other closely, a member is pressed: it wants as many
   * links of its own choice as it has of others'. Fewer: a storm of joins does it too, and costs more. 1 to 64.
   */
  readonly pressSpans: number;
  /** See there. More: it takes longer to notice. Over 0. */
  readonly pressSpanMs: number;
  /** Links and attempts held at once that came of one introducer; where the server carried the request, `degreeTarget`. Less: whoever invents members gets fewer of our links; more: fuller houses nearby, shorter walks. 1 to `degreeMax`, at most 10: what a frame takes. */
  readonly linksPerIntroducerMax: number;

  /** Peers kept in reserve. More: survives larger losses, costs a sweep per tick. 1 to 200. */
  readonly passiveViewSizeMax: number;
  /** Members whose degree is remembered; also tells strangers from members. More: memory. At least `passiveViewSizeMax`. */
  readonly knownMembersMax: number;
  /** Reserves drawn at random to choose the poorest of. More: everyone asks the same poor peer. 1 to `passiveViewSizeMax`. */
  readonly candidatesMax: number;

  /** Hops a newcomer's walk may take. More: finds a free slot more surely, takes longer. 0 to `trailLengthMax` - 1. */
  readonly activeWalkLength: number;
  /** Members a walk may have passed. More: longer ways back, each hop a risk. 1 to 16. */
  readonly trailLengthMax: number;
  /** Members a signal may have passed; what routing allows. At least `trailLengthMax`. */
  readonly signalTrailLengthMax: number;

  /** Own attempts under way until the first channel of this life opens. More: wasted links at the join. At least 1. */
  readonly attemptsMaxUnlinked: number;
  /**
   * An attempt in one phase for longer does not hold up the next one, while there has been no channel. More: one bad
   * pair keeps a newcomer out for longer; less: wasted links where all is slow. Over 0.
   */
  readonly slowAttemptMs: number;
  /** Own attempts under way later. More: fills faster, overshoots more. At least `attemptsMaxUnlinked`. */
  readonly attemptsMax: number;
  /** Time to answer a request. More: dead peers hold us up; less: slow paths fail. Over 0. */
  readonly answerTimeoutMs: number;
  /**
   * A link on which the other end was heard within this is not given up for a request in its name, which anybody may
   * have made up. More: who has really lost its end waits longer; less: a stall of its is enough for a liar. Over 0,
   * below `answerTimeoutMs`.
   */
  readonly heardWithinMs: number;
  /** Time from construction to an open channel. Same trade. Over 0. */
  readonly openTimeoutMs: number;
  /** So long after the other end described something there is still time, up to `openTimeoutMsMax` in all: slow pages get there by steps. Same trade. Over 0. */
  readonly describedTimeoutMs: number;
  /** An attempt ends after so long, whatever is described. More: who describes without end holds a slot; less: the slowest never get there. At least `openTimeoutMs`. */
  readonly openTimeoutMsMax: number;
  /** A timer later than this shows that we were stalled, so the attempt gets its lateness as a grace, once. Over 0. */
  readonly stallMsMin: number;

  /** Failed connections after which a pair rests. Less: gives up on the flaky; more: wastes constructions. At least 1. */
  readonly pairFailuresMax: number;
  /** How long such a pair rests. More: a mended path stays unused. Over `refusedRestMs`. */
  readonly pairRestMs: number;
  /** How long it rests at first where the asker is below its minimum, doubled by each failure. Less: wastes constructions. Over 0. */
  readonly urgentRestMs: number;
  /** The longest such rest. More: a small room stays parted longer after an outage. From `urgentRestMs` to `pairRestMs`. */
  readonly urgentRestMsMax: number;
  /** How long one who refused or kept silent is not asked again. Less: nags; more: fills slowly. Over 0. */
  readonly refusedRestMs: number;
  /** First pause of one who has enough links and whom all reserves refused one more; it doubles. More: finds a free slot later; less: presses those who refuse. Over 0. */
  readonly inVainMsMin: number;
  /** Longest such pause. Same trade. At least `inVainMsMin`. */
  readonly inVainMsMax: number;
  /** How long one who misbehaved is neither asked nor let in. More: a bug that was mended is held against it; less: liars come again. At least `pairRestMs`. */
  readonly misbehavedRestMs: number;
  /** Peers whose failures, refusals and misdeeds are remembered, and how the last attempt with them ended, each. More: memory. At least `passiveViewSizeMax`. */
  readonly restsMax: number;

  /** ICE is restarted on one link at most so often while it stays silent. Less: more signals for the dead. Over 0. */
  readonly restartEveryMs: number;
  /** So long after no neighbor was heard the server is asked for others. Less: a page that hears again sooner asks no more. Over 0. */
  readonly cutOffMs: number;

  /** Channels of members declared dead that are kept. Less: fewer ways back for tabs that hung. 1 to 64. */
  readonly parkedMax: number;
  /** How long each is kept, unless its connection fails before. More: connections held for the dead. At least `knockMs`. */
  readonly parkedMs: number;
  /** Pause between two knocks at each. More: two ends that parked each other find out later. Over 0. */
  readonly knockMs: number;

  /** Contacts of the server kept. More: more tries before it is asked again. 1 to 64. */
  readonly contactsMax: number;
  /** How long the server's word counts. More: the dead are asked; less: asks the server more. Over 0. */
  readonly contactsFreshMs: number;
  /**
   * After a member was declared dead the server is asked now and then for so long, for it may live in another half.
   * More: halves find each other after longer partings. Over 0.
   */
  readonly partedMs: number;
  /** Time the roster gets to name a contact before it counts as a stranger of another half. Less: needless links. */
  readonly strangerPatienceMs: number;
  /**
   * So long after its first link a newcomer asks the server once more whom it knows, and again three and nine times as long
   * after: what it was told of the room may be a lie of the few whom it met. Less: the server's load. Over 0.
   */
  readonly doubtMs: number;
  /**
   * For so long after its first link a newcomer gives up a link that it did not choose for one to a member whom the server
   * names and nobody told it of. More: links are lost when halves of a room meet. At least 0.
   */
  readonly newcomerMs: number;
  /** First pause between two calls for contacts; it doubles. Less: the server's load. Over 0. */
  readonly needContactsMsMin: number;
  /** Longest such pause. More: a lonely tab waits longer. At least `needContactsMsMin`. */
  readonly needContactsMsMax: number;
  /**
   * Longest pause between two calls on account of one contact that the roster lacks and that cannot be linked. More:
   * halves that only the server joins, and that buried nobody of late, find each other later. At least `needContactsMsMax`.
   */
  readonly strangerCallsMsMax: number;

  /**
   * In a room that is not small, whoever has one link asks for more only when fewer than `stormArrivals` were new for
   * so long: the first links of others come before the comfort of our own. More: fewer links for longer. Over 0.
   */
  readonly arrivalCalmMs: number;
  /** Members new within `arrivalCalmMs` that are a storm. Fewer: a room in churn leaves its newcomers one link. At least 1. */
  readonly stormArrivals: number;
  /** The longest such wait after our first link. Less: a storm of joins costs more at once. At least `arrivalCalmMs`. */
  readonly arrivalWaitMsMax: number;

  /** Pause between two looks at the degree while links are wanted, give or take a quarter. Over 0. */
  readonly maintainMs: number;
  /** The same while nothing is wanted. Less: idle costs more. At least `maintainMs`. */
  readonly maintainIdleMs: number;

  readonly budget: BudgetConfig;
}

/** Connections are money: Chromium allows 500 per page, and closed ones count until collected. */
export interface BudgetConfig {
  /** Tokens for links above the minimum that may be spent at once. More: burstier. At least 1. */
  readonly tokensMax: number;
  /** Time that brings one token back. Less: more churn allowed. Over 0. */
  readonly tokenMs: number;
  /** Connections constructed in any minute. At least `tokensMax`. */
  readonly constructedPerMinuteMax: number;
  /** Connections open or not yet presumed collected. At most 500, Chromium's limit. */
  readonly uncollectedMax: number;
  /** How long a closed connection is presumed uncollected. More: safer, stops earlier. Over 0. */
  readonly collectedAfterMs: number;
}

export const defaultOverlayConfig: OverlayConfig = {
  degreeTarget: 6, // the design's starting point
  degreeTargetSmallRoom: 7, // the design's starting point
  smallRoomSizeMax: 8, // the design's starting point
  degreeMin: 4, // the design's starting point
  degreeMax: 10, // the design's starting point
  degreeSlack: 2, // guess: a contact that stays 3 over its target is a hub
  ownChoicesMin: 3, // half of degreeTarget
  othersChoicesMax: 5, // half of degreeMax: as many of our own choice still find room
  pressSpans: 7, // simulated: a hundred who arrive at once through four contacts ask in vain for 20 s
  pressSpanMs: 5_000, // as refusedRestMs: whoever was refused asks others for so long
  linksPerIntroducerMax: 2, // the design's starting point
  passiveViewSizeMax: 30, // HyParView, section 5.1; the design's starting point
  knownMembersMax: 4_096, // twice the largest room of the design
  candidatesMax: 5, // guess: poor enough a peer, without all choosing the same one
  activeWalkLength: 6, // HyParView, section 5.1
  trailLengthMax: 8, // walk length, the contact, and one to spare
  signalTrailLengthMax: 16, // what a packet of routing may carry
  attemptsMaxUnlinked: 1, // the design's starting point
  slowAttemptMs: 3_000, // measured: connections that open at all take 0.3 to 1.5 s
  attemptsMax: 3, // the design's starting point
  answerTimeoutMs: 5_000, // the design's starting point
  heardWithinMs: 2_000, // a ping is due after 0.9 s, and two repeats of it
  openTimeoutMs: 10_000, // the design's starting point
  describedTimeoutMs: 7_000, // guess: what a link has to prove itself, and two seconds to open
  openTimeoutMsMax: 20_000, // guess: twice what most need; DECISIONS, 2026-11-29
  stallMsMin: 500, // the design: the lateness at which a node doubts itself
  pairFailuresMax: 2, // the design's starting point
  pairRestMs: 600_000, // the design's starting point
  urgentRestMs: 10_000, // measured: ten minutes for everyone parted rooms of three for as long after an outage of 30 s
  urgentRestMsMax: 60_000, // guess: six constructions in the ten minutes that others rest
  refusedRestMs: 5_000, // guess: about the time in which degrees change and are told
  inVainMsMin: 1_000, // as maintainMs
  inVainMsMax: 20_000, // simulated: a dozen who ask so seldom press nobody
  misbehavedRestMs: 600_000, // as pairRestMs
  restsMax: 128, // guess: four passive views
  restartEveryMs: 2_000, // guess: what a restart by two hops and its checks take on a slow way
  cutOffMs: 3_000, // guess: one answer of the server, and the request that follows it
  parkedMax: 16, // guess: more neighbors than one tab has
  parkedMs: 60_000, // the design's starting point
  knockMs: 5_000, // the design's starting point
  contactsMax: 16, // guess: four times the greeters of a room
  contactsFreshMs: 30_000, // guess
  partedMs: 900_000, // as long as the departed are remembered
  strangerPatienceMs: 2_000, // guess: a few roster exchanges
  doubtMs: 5_000, // guess: a few roster exchanges; then 15 s and 45 s
  newcomerMs: 60_000, // a little longer than the last doubt
  needContactsMsMin: 1_000, // guess: what a server bears from each tab of a storm
  needContactsMsMax: 15_000, // guess
  strangerCallsMsMax: 240_000, // guess: fifteen calls an hour, where there would be as many in four minutes
  arrivalCalmMs: 2_000, // guess: a connection takes 0.3 to 1.5 s to open, and its news a moment
  stormArrivals: 5, // simulated: one replacement a second (two or three in 2 s) is none, ten newcomers a second are one
  arrivalWaitMsMax: 8_000, // guess: a tab that hangs by one link for longer is worse off than a slow room
  maintainMs: 1_000, // guess: between the 2 s and the immediate refill of other implementations
  maintainIdleMs: 5_000, // guess
  budget: {
    tokensMax: 12, // the design's starting point
    tokenMs: 4_000, // the design's starting point
    constructedPerMinuteMax: 100, // the design's starting point
    uncollectedMax: 250, // the design's starting point
    collectedAfterMs: 30_000, // the design's starting point, measured on Chromium
  },
};

/** Asserts every bound and relation above. */
export function checkOverlayConfig(config: OverlayConfig): void {
  checkDegrees(config);
  checkWalks(config);
  checkAttempts(config);
  checkContacts(config);
  checkBudget(config.budget);
}

function checkDegrees(config: OverlayConfig): void {
  const targets = [config.degreeTarget, config.degreeTargetSmallRoom];
  atLeast('degreeMin', config.degreeMin, 1);
  atLeast('smallRoomSizeMax', config.smallRoomSizeMax, 2);
  atLeast('a target degree', Math.min(...targets), config.degreeMin);
  atLeast('degreeMax', config.degreeMax, Math.max(...targets));
  within('degreeSlack', config.degreeSlack, [0, config.degreeMax]);
  within('ownChoicesMin', config.ownChoicesMin, [0, config.degreeTarget / 2]);
  within('othersChoicesMax', config.othersChoicesMax, [1, config.degreeMax]);
  within('pressSpans', config.pressSpans, [1, 64]);
  atLeast('pressSpanMs', config.pressSpanMs, 1);
  within('linksPerIntroducerMax', config.linksPerIntroducerMax, [1, Math.min(config.degreeMax, 10)]);
  within('passiveViewSizeMax', config.passiveViewSizeMax, [1, 200]);
  atLeast('knownMembersMax', config.knownMembersMax, config.passiveViewSizeMax);
  within('candidatesMax', config.candidatesMax, [1, config.passiveViewSizeMax]);
}

function checkWalks(config: OverlayConfig): void {
  within('trailLengthMax', config.trailLengthMax, [1, 16]);
  within('activeWalkLength', config.activeWalkLength, [0, config.trailLengthMax - 1]);
  atLeast('signalTrailLengthMax', config.signalTrailLengthMax, config.trailLengthMax);
}

function checkAttempts(config: OverlayConfig): void {
  atLeast('attemptsMaxUnlinked', config.attemptsMaxUnlinked, 1);
  atLeast('attemptsMax', config.attemptsMax, config.attemptsMaxUnlinked);
  atLeast('slowAttemptMs', config.slowAttemptMs, 1);
  atLeast('answerTimeoutMs', config.answerTimeoutMs, 1);
  within('heardWithinMs', config.heardWithinMs, [1, config.answerTimeoutMs]);
  atLeast('openTimeoutMs', config.openTimeoutMs, 1);
  atLeast('describedTimeoutMs', config.describedTimeoutMs, 1);
  atLeast('openTimeoutMsMax', config.openTimeoutMsMax, config.openTimeoutMs);
  atLeast('stallMsMin', config.stallMsMin, 1);
  atLeast('pairFailuresMax', config.pairFailuresMax, 1);
  atLeast('inVainMsMin', config.inVainMsMin, 1);
  atLeast('inVainMsMax', config.inVainMsMax, config.inVainMsMin);
  atLeast('restartEveryMs', config.restartEveryMs, 1);
  atLeast('cutOffMs', config.cutOffMs, 1);
  atLeast('refusedRestMs', config.refusedRestMs, 1);
  atLeast('pairRestMs', config.pairRestMs, config.refusedRestMs);
  atLeast('urgentRestMs', config.urgentRestMs, 1);
  atLeast('urgentRestMsMax', config.urgentRestMsMax, config.urgentRestMs);
  atLeast('pairRestMs', config.pairRestMs, config.urgentRestMsMax);
  atLeast('misbehavedRestMs', config.misbehavedRestMs, config.pairRestMs);
  atLeast('restsMax', config.restsMax, config.passiveViewSizeMax);
}

function checkContacts(config: OverlayConfig): void {
  within('contactsMax', config.contactsMax, [1, 64]);
  atLeast('contactsFreshMs', config.contactsFreshMs, 1);
  atLeast('partedMs', config.partedMs, 1);
  within('strangerPatienceMs', config.strangerPatienceMs, [0, config.contactsFreshMs]);
  atLeast('doubtMs', config.doubtMs, 1);
  atLeast('newcomerMs', config.newcomerMs, 0);
  atLeast('needContactsMsMin', config.needContactsMsMin, 1);
  atLeast('needContactsMsMax', config.needContactsMsMax, config.needContactsMsMin);
  atLeast('strangerCallsMsMax', config.strangerCallsMsMax, config.needContactsMsMax);
  atLeast('arrivalCalmMs', config.arrivalCalmMs, 1);
  atLeast('stormArrivals', config.stormArrivals, 1);
  atLeast('arrivalWaitMsMax', config.arrivalWaitMsMax, config.arrivalCalmMs);
  atLeast('maintainMs', config.maintainMs, 1);
  atLeast('maintainIdleMs', config.maintainIdleMs, config.maintainMs);
  within('parkedMax', config.parkedMax, [1, 64]);
  atLeast('knockMs', config.knockMs, 1);
  atLeast('parkedMs', config.parkedMs, config.knockMs);
}

function checkBudget(budget: BudgetConfig): void {
  atLeast('tokensMax', budget.tokensMax, 1);
  atLeast('tokenMs', budget.tokenMs, 1);
  atLeast('constructedPerMinuteMax', budget.constructedPerMinuteMax, budget.tokensMax);
  within('uncollectedMax', budget.uncollectedMax, [1, 500]);
  atLeast('collectedAfterMs', budget.collectedAfterMs, 1);
}

function atLeast(name: string, value: number, min: number): void {
  assert(value >= min, `${name} must be at least ${min}, not ${value}`);
}

function within(name: string, value: number, [min, max]: readonly [number, number]): void {
  assert(value >= min && value <= max, `${name} must lie from ${min} to ${max}, not ${value}`);
}
