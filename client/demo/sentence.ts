/** Says in words what is so. Pure: facts in, English out. */
import type { Activity, MeshErrorCode, MeshStatus } from '../src/index.ts';

export interface Facts {
  readonly status: MeshStatus;
  /** Members of the room, this tab included. */
  readonly tabs: number;
  /** Open links of this tab. */
  readonly links: number;
  /** Both ways, with the signaling server. */
  readonly serverBytes: number;
  /** Since the last byte to or from the server; `undefined` before the first. */
  readonly quietMs: number | undefined;
  /** True when the visitor cut this tab off from the server. */
  readonly cut: boolean;
}

/** The sentence on top of the page. It must be true at any moment, so each state has its own. */
export function sentenceOf(facts: Facts): string {
  return SENTENCES[facts.status](facts);
}

const SENTENCES: Readonly<Record<MeshStatus, (facts: Facts) => string>> = {
  connecting: (facts) => `Looking for other tabs; this one ${traffic(facts)}.`,
  alone: (facts) => `This is the only tab here; it ${traffic(facts)}.`,
  connected: (facts) => `${here(facts)}; it ${traffic(facts)}.`,
  degraded: (facts) => `${here(facts)}; ${withoutServer(facts)}.`,
  offline: ({ cut }) =>
    cut
      ? 'This tab holds no link, and you cut it off from the server: restore the connection to find others.'
      : 'This tab holds no link and cannot reach the server; it keeps trying.',
  closed: () => 'This tab has left the room; reload the page to come back.',
};

function here({ tabs, links }: Facts): string {
  const holds = links === 0 ? 'no link' : count(links, 'link');
  return tabs === 1
    ? `Only this tab is here and it holds ${holds}`
    : `${tabs} tabs here; this one holds ${holds}`;
}

function traffic({ serverBytes, quietMs }: Facts): string {
  if (quietMs === undefined || serverBytes === 0) return 'has exchanged nothing with the server yet';
  const last = quietMs < 1000 ? ', the last of it just now' : ` and nothing for ${durationWords(quietMs)}`;
  return `has exchanged ${bytesWords(serverBytes)} with the server${last}`;
}

function withoutServer({ cut, quietMs }: Facts): string {
  const silence =
    quietMs === undefined || quietMs < 1000 ? '' : `, with nothing exchanged for ${durationWords(quietMs)}`;
  return cut
    ? `you cut it off from the server${silence}, and all goes on`
    : `the server is out of reach${silence}; all goes on, but newcomers must wait`;
}

/** What a screen reader is told now and then: who came, who went. Empty where nothing is worth a word. */
export function newsOf(news: {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}): string {
  const parts = [
    news.joined.length > 0 ? `${listWords(news.joined)} joined` : '',
    news.left.length > 0 ? `${listWords(news.left)} left` : '',
  ];
  const text = parts.filter((part) => part !== '').join('; ');
  return text === '' ? '' : `${text}.`;
}

/** What the drawing shows, for those who do not see it. */
export function pictureWords(picture: {
  readonly names: ReadonlyMap<string, string>;
  readonly edges: readonly { readonly a: string; readonly b: string }[];
}): string {
  const { names, edges } = picture;
  const sum = `${count(names.size, 'tab')} and ${count(edges.length, 'link')}`;
  if (edges.length === 0 || edges.length > PICTURE_EDGES_MAX) return `${sum}.`;
  const links = edges.map(({ a, b }) => `${names.get(a) ?? 'someone'} to ${names.get(b) ?? 'someone'}`);
  return `${sum}: ${links.join(', ')}.`;
}

/** More links than this are not read out. */
const PICTURE_EDGES_MAX: number = 24;

/** How a member is doing and how it is reached, for one line of the list. */
export function memberWords(member: {
  readonly status: 'alive' | 'suspect';
  readonly activity: Activity;
  readonly link: 'self' | 'direct' | 'turn' | 'via' | 'none';
  readonly hops: number | undefined;
  readonly rtt: number | undefined;
}): string {
  const way = wayWords(member);
  const rtt = member.link === 'self' ? '' : rttWords(member.rtt);
  const words = [member.status, ACTIVITIES[member.activity], way, rtt];
  return words.filter((word) => word !== '').join(' · ');
}

/** One who is active needs no word: it is what one expects of a tab in view. */
const ACTIVITIES: Readonly<Record<Activity, string>> = {
  active: '',
  idle: 'idle',
  away: 'away',
};

function wayWords({ link, hops }: { readonly link: string; readonly hops: number | undefined }): string {
  if (link === 'self') return 'this tab';
  if (link === 'direct') return 'direct';
  if (link === 'turn') return 'by a TURN server';
  if (link === 'via') return hops === undefined ? 'via others' : `via ${count(hops, 'hop')}`;
  return 'no known way';
}

function rttWords(rttMs: number | undefined): string {
  if (rttMs === undefined || !Number.isFinite(rttMs)) return '';
  if (rttMs < 1) return 'under 1 ms';
  return rttMs < 10 ? `${rttMs.toFixed(1)} ms` : `${Math.round(rttMs)} ms`;
}

/** What went wrong, for someone who has never read the code. */
export function errorWords(code: MeshErrorCode): string {
  return ERRORS[code];
}

const ERRORS: Readonly<Record<MeshErrorCode, string>> = {
  BAD_ROOM: 'This room name cannot be used.',
  BAD_ROOM_KEY: 'The key in this address is not whole: ask for the private link again.',
  WRONG_KEY: 'Others are in a room of this name with another key: check that your link is theirs.',
  IDENTITY_MISSING: 'This browser keeps no user for this page.',
  CRYPTO_MISSING: 'Browsers keep cryptography from pages that come by plain http: open this one by https.',
  BAD_SIGNALING_URL: 'The address of the server is not one.',
  SIGNALING_UNREACHABLE: 'The server cannot be reached. Links that are open go on; this tab keeps trying.',
  SIGNALING_REFUSED: 'The server turned this tab away.',
  VERSION_TOO_OLD: 'Others here use a newer version: reload this page.',
  WEBRTC_MISSING: 'This browser cannot link tabs directly: WebRTC is missing or switched off.',
  BAD_RTC: 'The settings for connections cannot be used.',
  ICE_SERVERS_MISSING: 'The servers that help tabs connect could not be had: some links may not come about.',
  BAD_NAME: 'This name cannot be used; nothing was changed.',
  BAD_KEY: 'This key cannot be used; nothing was changed.',
  BAD_VALUE: 'This cannot be shared; nothing was changed.',
  VALUE_TOO_LARGE: 'This is too large to be shared; nothing was changed.',
  LIMIT: 'There is no room for more; nothing was changed.',
  UNREACHABLE: 'That tab cannot be reached.',
  CLOSED: 'This tab has left the room.',
};

/** "1 link", "2 links". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** "A", "A and B", "A, B and C"; from the fifth on only their number. */
export function listWords(names: readonly string[]): string {
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} others`;
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** "812 B", "4.1 kB", "1.3 MB". */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_950) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** "42 s", "3 min 5 s", "2 h 10 min". */
export function durationWords(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
