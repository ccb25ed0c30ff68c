/** The sentence on top, and the quieter one that screen readers are told. */
import { byId, html, setText } from './dom.ts';
import { createPace } from './pace.ts';
import { nameIn } from './presence.ts';
import type { PageMesh } from './presence.ts';
import { newsOf, sentenceOf } from './sentence.ts';

/** Screen readers hear of joins and leaves at most this often. */
const NEWS_INTERVAL_MS: number = 4000;
/** Who comes and goes between two pieces of news; beyond it nobody would listen. */
const NEWS_NAMES_MAX: number = 64;

/** Numbers with their unit, which the sentence sets off. */
const NUMBER: RegExp = /(\d[\d.]*(?: (?:B|kB|MB|s|min|h|ms)\b)?)/;

/** Returns what redraws the sentence. */
export function createHeadline(mesh: PageMesh, isCut: () => boolean): () => void {
  const sentence = byId('sentence');
  announce(mesh);
  return () => {
    const { signaling, links } = mesh.stats();
    const text = sentenceOf({
      status: mesh.status.value,
      tabs: mesh.members.size,
      links: links.open,
      serverBytes: signaling.sentBytes + signaling.receivedBytes,
      quietMs: signaling.quietMs,
      cut: isCut(),
    });
    if (sentence.textContent !== text) sentence.replaceChildren(...emphasize(text));
    document.title = `${mesh.room} (${mesh.members.size}) · Gossamer`;
  };
}

function emphasize(text: string): readonly Node[] {
  return text.split(NUMBER).map((part, index) => (index % 2 === 1 ? html('b', {}, [part]) : new Text(part)));
}

function announce(mesh: PageMesh): void {
  const joined = new Map<string, string>();
  const left = new Map<string, string>();
  const pace = createPace(NEWS_INTERVAL_MS, () => {
    setText(byId('news'), newsOf({ joined: [...joined.values()], left: [...left.values()] }));
    joined.clear();
    left.clear();
  });
  const note = (list: Map<string, string>, id: string): void => {
    if (list.size < NEWS_NAMES_MAX) list.set(id, nameIn(mesh, id));
    pace.request();
  };
  mesh.on('member:join', ({ member }) => {
    if (!member.self) note(joined, member.id);
  });
  mesh.on('member:leave', ({ member }) => {
    // Who came and went between two pieces of news is none.
    if (!joined.delete(member.id)) note(left, member.id);
  });
}
