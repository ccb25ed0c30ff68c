/** The figures of membership: what each does, what more or less of it costs, and its bound. */
import { assert } from '../base/assert.ts';

export interface MembershipConfig {
  /** The newest version of the wire that the own record names. More promises what the codec must be able to read; less holds the whole room to an older one. 1 to 255. */
  readonly wireVersion: number;

  /** How often silences and deadlines are looked at. Less notices sooner and wakes the tab more. 50 to 1,000. */
  readonly watchMs: number;
  /** The same with neither neighbor nor suspicion. More saves wake-ups, and notices a sleep later. At least `watchMs`. */
  readonly watchIdleMs: number;
  /** The tick that is announced while own timers come late, as a hidden tab's do. More makes neighbors slower to suspect. At least `watchMs`. */
  readonly hiddenTickMs: number;

  /** A neighbor is pinged before it has been quiet for longer. Less finds silence sooner and costs frames on idle links. Above `watchMs`. */
  readonly pingAfterMs: number;
  /** An unanswered ping is repeated at the watch nearest to this. Less bridges loss better and costs frames. Below `pingAfterMs`. */
  readonly pingRepeatMs: number;
  /** A neighbor is pinged at least so often, however busy its link: round trips, clocks and roots ride on pings. Less keeps them fresher and costs frames on busy links. `pingAfterMs` to 60,000. */
  readonly pingEveryMs: number;
  /** Pings per neighbor whose answer still counts. More survives longer delays; each is two numbers. 1 to 64. */
  readonly probesMax: number;

  /** A neighbor quiet for so long, and for half of what makes it suspect, has its link mended. Less mends for every stall; more leaves no time to mend before it is accused. Above `pingAfterMs` and `pingRepeatMs` together, below `suspectAfterMsMin`. */
  readonly silentMsMin: number;
  /** The same where it leaves a probe unanswered. Less mends links that are merely slow; more comes back later after a sleep. `watchMs` to `silentMsMin`. */
  readonly probeAnswerMs: number;

  /** Nobody is suspected sooner. Less detects faster and mistakes a stall for a death more often. Above twice `pingAfterMs`. */
  readonly suspectAfterMsMin: number;
  /** The same while either end announces a slow tick. More forgives hidden tabs, and finds their crash later. At least `suspectAfterMsMin`. */
  readonly suspectAfterHiddenMsMin: number;
  /** However rough the link, silence counts from here. More forgives bad links, and delays the only observer of a crash. At least `suspectAfterHiddenMsMin`. */
  readonly suspectAfterMsMax: number;
  /** Suspect after this many times the link's 99th percentile gap. More forgives, less detects. At least 1. */
  readonly gapFactor: number;
  /** Pauses remembered per neighbor. More makes the percentile true and slow to forget. 1 to 1,024. */
  readonly gapsMax: number;
  /** Suspect also after this many times the second longest pause of some minutes. More forgives lines that stall now and then; at least 1. */
  readonly pauseFactor: number;
  /** Of each such stretch the longest pause is remembered. More lets two stalls in a row count as one. 1,000 to 60,000. */
  readonly pauseStretchMs: number;
  /** Stretches remembered per link, and forgotten with it. More forgets a bad line later. 2 to 256. */
  readonly pausesMax: number;
  /** How often the wait doubles before a neighbor that others vouched for is accused afresh. More quiets a one-way link; less finds a later crash sooner. 0 to 5. */
  readonly vouchesMax: number;

  /** Observers that must agree, the accuser among them. More resists liars and needs more links; fewer errs sooner, and 1 asks nobody. 1 to `accusationsMax`. */
  readonly quorum: number;
  /** They agree no sooner than so long after the first accusation: the accused may yet answer. More is slower; less lets a few liars who are its neighbors be faster than it is. At most `answerMsMin`. */
  readonly agreedMsMin: number;
  /** Accusations further apart than this do not add up. More joins unrelated ones; less loses slow observers. Above `deadlineMs`. */
  readonly accusationLifeMs: number;
  /** An accused member is dead this long after its last proof of life. More is safer and slower. Above `suspectAfterMsMin`. */
  readonly deadlineMs: number;
  /** The same in a room of two, where nobody could agree or object. More bears longer stalls of the other tab; less finds its crash sooner. From `suspectAfterMsMin` to `deadlineMs`. */
  readonly pairDeadlineMs: number;
  /** Packets of a silent neighbor that came so long after its last frame, and a round trip, show that its browser is reached. More calls those that hang dead sooner; less takes a crash for a stall, where the page would have spoken only then. Above `pingAfterMs`, at most a day, which turns it off. */
  readonly reachedAfterMs: number;
  /** Either where packets of its browser still come: its page hangs, or its line stalls. More bears that for longer; less clears a page that hangs for good. `deadlineMs` to 60,000. */
  readonly reachedDeadlineMs: number;
  /** An accusation stands at least so long alone before the deadline may pass, longer by what its accuser's patience exceeded the least: the way there and back for an objection. More is safer and slower. Below `deadlineMs`. */
  readonly answerMsMin: number;
  /** Without any link a suspect is kept so long, unless it is the only other member. More spares the page of a tab that comes back; less clears that of one that stays alone. `deadlineMs` to 120,000. */
  readonly linklessMs: number;
  /** An observer that heard the accused within this objects. More objects after a true crash; less pings first. Above `pingAfterMs`, below `suspectAfterMsMin`. */
  readonly objectWithinMs: number;
  /** Own objections about one member are at least so far apart. More tempers floods of accusations; less answers each. Below `answerMsMin`. */
  readonly objectionSpacingMs: number;
  /** So long after losing a link its former end is still an observer. More accuses on stale knowledge; less leaves a crash unobserved. Above `suspectAfterMsMin`. */
  readonly observerMs: number;

  /** A watch later than this is a reason to doubt oneself. Less doubts on every hiccup; more accuses out of a stall. Below `sleptMs`. */
  readonly lateMs: number;
  /** A watch later than this was a sleep. Less forgets silences too readily; more accuses after a nap. Above `lateMs`. */
  readonly sleptMs: number;
  /** A watch later than this was so long a sleep that we come back with a new epoch: unless our browser answered meanwhile others have declared us dead. Less is told as a return of one whom nobody missed; more only refutes. At least `suspectAfterMsMax` and `deadlineMs` together, at most an hour. */
  readonly newEpochMs: number;
  /** So long after a sleep no neighbor is accused that was not heard since. More finds who ended meanwhile later; less accuses the living over links that died in the sleep. 0 to 60,000. */
  readonly wokenMs: number;
  /** No frame from any of two or more neighbors for so long is a reason to doubt oneself. Less doubts on quiet links. Above `pingAfterMs`. */
  readonly deafMs: number;
  /** Doubt holds one accusation back for at most this. More is kinder to others and slower. At most 10,000. */
  readonly doubtMsMax: number;

  /** How often members that nobody watches are looked for and pinged. Less costs routed pings. Above `watchMs`. */
  readonly orphansMs: number;
  /** A member is given so long to be named by its neighbors, in a large room two of its links records. More leaves ghosts longer; less pings newcomers. At least `orphansMs`. */
  readonly orphanKnownMs: number;
  /** How many members watch one orphan. More survives a blind watcher and costs pings. 1 to 8. */
  readonly orphanWatchers: number;
  /** Unanswered routed pings before an orphan is accused. More is safer and slower. 1 to 8. */
  readonly orphanMisses: number;

  /** Least time between two own links records. More delays routes; less costs the whole room broadcasts. Above 0. */
  readonly linksSpacingMs: number;
  /** The same during a join storm, drawn from half of it to twice as much. More spares the room while it forms. At least `linksSpacingMs`. */
  readonly linksStormSpacingMs: number;
  /** Links records a second that the whole room may say: in a larger room each member says its own less often. More knows the graph sooner; less spares every member, for each of them hears all. 1 to 1,000. */
  readonly roomLinksPerSecond: number;
  /** However large the room, own links records are no further apart. More spares a huge room; less knows its graph sooner. At least `linksStormSpacingMs`, at most 600,000. */
  readonly linksSpacingMsMax: number;
  /** More members than this within `stormWindowMs` are a storm. Fewer coalesces sooner. 1 to 256. */
  readonly stormJoins: number;
  /** The window of `stormJoins`. More keeps coalescing for longer. Above 0. */
  readonly stormWindowMs: number;
  /** While the stability stamp is wanted, it alone makes a record at most this often. Less collects tombstones sooner and costs broadcasts. At least `linksSpacingMs`. */
  readonly stabilitySpacingMs: number;

  /** How long the departed are remembered. More keeps old records from rising again; each is one claim. Above `accusationLifeMs`. */
  readonly departedMs: number;
  /** One neighbor is told about one departed member at most so often. More tempers loops; less mends sooner. Above 0. */
  readonly tellSpacingMs: number;

  /** Room is made in a full roster at most so often. Less admits newcomers sooner in a flood of invented members, and each time walks over all links of the room. 100 to 60,000. */
  readonly crowdedMs: number;
  /** Members, oneself included. More admits larger rooms and costs memory. 2 to 65,536. */
  readonly membersMax: number;
  /** Departed members remembered: half of them members once, a quarter expelled, a quarter strangers. Fewer lets ghosts rise, to be found as orphans. 1,024 to 65,536, that the quarter holds all whose expulsion can be proven. */
  readonly departedMax: number;
  /** Links records held until their owner's identity comes; the oldest gives way. More survives more reordering. 1 to 4,096. */
  readonly earlyLinksMax: number;
  /** Suspicions at once. Fewer slows the burial of a mass failure. 1 to 4,096. */
  readonly suspicionsMax: number;
  /** Accusations kept per suspicion, and allowed in a verdict. More costs bytes. `quorum` to 16, what a frame takes. */
  readonly accusationsMax: number;
  /** Own neighbors, and names in a links record. Above the overlay's hard maximum. 1 to 32, what a frame takes. */
  readonly neighborsMax: number;
  /** Lost neighbors still observed; the oldest gives way. 1 to 256. */
  readonly lostMax: number;
  /** Orphans pinged at once; more wait. Fewer slows the burial of a mass failure, more costs routed pings. 1 to 4,096. */
  readonly orphansMax: number;
  /** Remembered (peer, member) pairs that were told; the oldest gives way. 16 to 16,384. */
  readonly tellsMax: number;
}

export const defaultMembershipConfig: MembershipConfig = {
  wireVersion: 1, // the wire's own; a test holds the two together

  watchMs: 250, // the design: the tick of a visible tab; a ninth of the shortest suspicion
  watchIdleMs: 1_000, // guess: only a sleep can be noticed then
  hiddenTickMs: 1_000, // the design: hidden tabs run timers once a second

  pingAfterMs: 900, // measured: crashes are known as soon as with crossing pings each second, at fewer bytes
  pingRepeatMs: 300, // the design's starting point
  pingEveryMs: 5_000, // guess: roots are compared and clocks sampled a few times a minute
  probesMax: 8, // guess: two seconds of repeats

  silentMsMin: 1_700, // guess: a ping and two repeats went unanswered, and half a second is left before the first suspicion
  probeAnswerMs: 800, // guess: twice a slow round trip

  suspectAfterMsMin: 2_200, // the design's starting point: two pings one second apart, and some more
  suspectAfterHiddenMsMin: 3_500, // the design's starting point
  suspectAfterMsMax: 6_000, // guess: half again the deadline
  gapFactor: 3, // the design's starting point
  gapsMax: 256, // guess: four quiet minutes, and the percentile is not the maximum
  pauseFactor: 2, // measured: over lines that lose 30 % of all packets SCTP stalls for seconds; DECISIONS, 2026-11-30
  pauseStretchMs: 5_000, // guess: longer than most stalls there, so that each counts by itself
  pausesMax: 24, // guess: two minutes
  vouchesMax: 3, // guess: one accusation in half a minute over a link that is dead one way

  quorum: 3, // the design's starting point; Rapid, section 4: several observers of one subject
  agreedMsMin: 500, // as answerMsMin; DECISIONS, 2026-11-29
  accusationLifeMs: 10_000, // the design's starting point
  deadlineMs: 4_000, // the design's starting point
  pairDeadlineMs: 3_100, // simulated: half of all crashes are seen within 3 s, in each of eight seeds; a stall of 2 s, a second after the last word, is borne
  reachedAfterMs: 1_300, // guess: as objectWithinMs, one ping and its first repeat
  reachedDeadlineMs: 15_000, // measured: over lines that lose 30 % of all packets SCTP stalls for up to 12 s; DECISIONS, 2026-11-30
  answerMsMin: 500, // guess: a broadcast there and back over ten hops of 25 ms
  linklessMs: 20_000, // guess: a few attempts to link again
  objectWithinMs: 1_300, // the design: one ping and its first repeat
  objectionSpacingMs: 400, // guess: below `answerMsMin`, so that a held objection still comes in time
  observerMs: 10_000, // the design's starting point

  lateMs: 500, // the design's starting point
  sleptMs: 2_000, // guess: above what a hidden tab's timer does
  newEpochMs: 10_000, // guess: the longest suspicion, then the deadline
  wokenMs: 10_000, // guess: a few attempts to mend the links, or to find others
  deafMs: 2_000, // guess: two pings of every neighbor went unanswered
  doubtMsMax: 3_000, // the design's starting point

  orphansMs: 5_000, // the design's starting point
  orphanKnownMs: 10_000, // guess: two links records of a join storm
  orphanWatchers: 3, // the design's starting point
  orphanMisses: 2, // guess: one may be lost

  linksSpacingMs: 1_000, // the design's starting point
  linksStormSpacingMs: 5_000, // the design's starting point
  roomLinksPerSecond: 50, // simulated: a third fewer frames while 250 join; DECISIONS, 2026-11-25
  linksSpacingMsMax: 60_000, // guess: one and a half times what 2,000 members come to
  stormJoins: 10, // guess
  stormWindowMs: 5_000, // guess: one storm spacing
  stabilitySpacingMs: 30_000, // guess

  departedMs: 900_000, // the design: 15 minutes
  tellSpacingMs: 1_000, // guess

  crowdedMs: 1_000, // guess: a walk takes a millisecond or two at 2,000 members
  membersMax: 2_048, // the design: rooms up to about 2,000
  departedMax: 4_096, // guess: twice the roster
  earlyLinksMax: 256, // guess
  suspicionsMax: 2_048, // simulated: at 256, nineteen of twenty members that die at once are buried in turns; as membersMax
  accusationsMax: 16, // guess: above the overlay's hard maximum of 10
  neighborsMax: 32, // guess: above the overlay's hard maximum of 10, with room for parked links
  lostMax: 32, // guess
  orphansMax: 2_048, // as above: a tab left alone by 200 took 140 s to see it at 64, and 45 s so
  tellsMax: 1_024, // guess
};

/** Asserts bounds and relations: a wrong config is our own mistake. */
export function checkMembershipConfig(config: MembershipConfig): void {
  checkTimes(config);
  checkRelations(config);
  checkLimits(config);
}

function checkTimes(config: MembershipConfig): void {
  within('watchMs', config.watchMs, [50, 1_000]);
  within('pingEveryMs', config.pingEveryMs, [config.pingAfterMs, 60_000]);
  within('reachedAfterMs', config.reachedAfterMs, [config.pingAfterMs, 86_400_000]);
  within('reachedDeadlineMs', config.reachedDeadlineMs, [config.deadlineMs, 60_000]);
  within('linklessMs', config.linklessMs, [config.deadlineMs, 120_000]);
  within('linksSpacingMs', config.linksSpacingMs, [1, 60_000]);
  within('linksSpacingMsMax', config.linksSpacingMsMax, [config.linksStormSpacingMs, 600_000]);
  within('stormWindowMs', config.stormWindowMs, [1, 60_000]);
  within('tellSpacingMs', config.tellSpacingMs, [1, 60_000]);
  within('doubtMsMax', config.doubtMsMax, [0, 10_000]);
  within('wokenMs', config.wokenMs, [0, 60_000]);
  within('agreedMsMin', config.agreedMsMin, [0, config.answerMsMin]);
  within('newEpochMs', config.newEpochMs, [config.suspectAfterMsMax + config.deadlineMs, 3_600_000]);
  within('suspectAfterMsMax', config.suspectAfterMsMax, [config.suspectAfterHiddenMsMin, 60_000]);
  within('departedMs', config.departedMs, [config.accusationLifeMs, 86_400_000]);
  assert(config.gapFactor >= 1, `gapFactor is at least 1, not ${config.gapFactor}`);
  assert(config.pauseFactor >= 1, `pauseFactor is at least 1, not ${config.pauseFactor}`);
  within('pauseStretchMs', config.pauseStretchMs, [1_000, 60_000]);
}

function checkRelations(config: MembershipConfig): void {
  rising(config, ['watchMs', 'watchIdleMs']);
  rising(config, ['watchMs', 'hiddenTickMs']);
  rising(config, ['watchMs', 'pingRepeatMs', 'pingAfterMs', 'objectWithinMs', 'suspectAfterMsMin']);
  rising(config, ['suspectAfterMsMin', 'suspectAfterHiddenMsMin', 'suspectAfterMsMax']);
  rising(config, ['watchMs', 'probeAnswerMs', 'silentMsMin', 'suspectAfterMsMin']);
  rising(config, ['suspectAfterMsMin', 'pairDeadlineMs', 'deadlineMs', 'accusationLifeMs']);
  rising(config, ['objectionSpacingMs', 'answerMsMin', 'deadlineMs']);
  rising(config, ['suspectAfterMsMin', 'observerMs']);
  rising(config, ['lateMs', 'sleptMs', 'newEpochMs']);
  rising(config, ['pingAfterMs', 'deafMs']);
  rising(config, ['watchMs', 'orphansMs', 'orphanKnownMs']);
  rising(config, ['linksSpacingMs', 'linksStormSpacingMs']);
  rising(config, ['linksSpacingMs', 'stabilitySpacingMs']);
  rising(config, ['quorum', 'accusationsMax']);
  assert(
    config.silentMsMin > config.pingAfterMs + config.pingRepeatMs,
    'silence needs two pings: silentMsMin is above pingAfterMs and pingRepeatMs together',
  );
  assert(
    config.suspectAfterMsMin >= 2 * config.pingAfterMs,
    'a suspicion needs two pings: suspectAfterMsMin is at least twice pingAfterMs',
  );
}

function checkLimits(config: MembershipConfig): void {
  within('wireVersion', config.wireVersion, [1, 255]);
  within('probesMax', config.probesMax, [1, 64]);
  within('gapsMax', config.gapsMax, [1, 1_024]);
  within('pausesMax', config.pausesMax, [2, 256]);
  within('vouchesMax', config.vouchesMax, [0, 5]);
  within('quorum', config.quorum, [1, 16]);
  within('orphanWatchers', config.orphanWatchers, [1, 8]);
  within('orphanMisses', config.orphanMisses, [1, 8]);
  within('roomLinksPerSecond', config.roomLinksPerSecond, [1, 1_000]);
  within('stormJoins', config.stormJoins, [1, 256]);
  within('crowdedMs', config.crowdedMs, [100, 60_000]);
  within('membersMax', config.membersMax, [2, 65_536]);
  within('departedMax', config.departedMax, [1_024, 65_536]);
  within('earlyLinksMax', config.earlyLinksMax, [1, 4_096]);
  within('suspicionsMax', config.suspicionsMax, [1, 4_096]);
  within('accusationsMax', config.accusationsMax, [1, 16]);
  within('neighborsMax', config.neighborsMax, [1, 32]);
  within('lostMax', config.lostMax, [1, 256]);
  within('orphansMax', config.orphansMax, [1, 4_096]);
  within('tellsMax', config.tellsMax, [16, 16_384]);
}

function within(name: string, value: number, [least, most]: readonly [number, number]): void {
  assert(value >= least && value <= most, `${name} is ${least} to ${most}, not ${value}`);
}

function rising(config: MembershipConfig, names: readonly (keyof MembershipConfig)[]): void {
  names.slice(1).forEach((name, at) => {
    const lower = names[at]!;
    assert(config[lower] <= config[name], `${lower} (${config[lower]}) is at most ${name} (${config[name]})`);
  });
}
