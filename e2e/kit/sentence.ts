/** The sentence on top of the page, taken at its word and compared with the mesh behind it. */
import type { Tab } from './tabs.ts';

type Form = 'connected' | 'cut' | 'abandoned' | 'alone';

const FORMS: Readonly<Record<Form, RegExp>> = {
  connected:
    /^(?<tabs>\d+) tabs here; this one holds (?<links>\d+) links?; it has exchanged (?<bytes>[\d.]+ [kM]?B) with the server(?:, the last of it just now| and nothing for (?<quiet>[^.]+))\.$/,
  cut: /^(?<tabs>\d+) tabs here; this one holds (?<links>\d+) links?; you cut it off from the server(?:, with nothing exchanged for (?<quiet>[^,]+))?, and all goes on\.$/,
  abandoned:
    /^(?<tabs>\d+) tabs here; this one holds (?<links>\d+) links?; the server is out of reach(?:, with nothing exchanged for (?<quiet>[^;]+))?; all goes on, but newcomers must wait\.$/,
  alone:
    /^This is the only tab here; it has exchanged (?<bytes>[\d.]+ [kM]?B) with the server(?:, the last of it just now| and nothing for (?<quiet>[^.]+))\.$/,
};

/** The page tells the time once a second; the sentence may be that old and a little more. */
const STALE_S = 3;
const FACTORS: Readonly<Record<string, number>> = { B: 1, kB: 1_000, MB: 1_000_000, s: 1, min: 60, h: 3_600 };

/** "true" where the sentence has this form and all that it says is so; otherwise the sentence and what is so. */
export async function truthOf({ page }: Tab, form: Form): Promise<string> {
  const { said, ...facts } = await page.evaluate(() => {
    const { signaling, links } = window.mesh.stats();
    return {
      said: document.querySelector('#sentence')?.textContent ?? '',
      tabs: window.mesh.members.size,
      links: links.open,
      bytes: signaling.sentBytes + signaling.receivedBytes,
      quietS: (signaling.quietMs ?? 0) / 1_000,
    };
  });
  const parts = FORMS[form].exec(said)?.groups;
  const tabs = parts?.['tabs'] ?? (form === 'alone' ? '1' : '');
  const staleS = facts.quietS - amountOf(parts?.['quiet'] ?? '0 s');
  const agrees =
    parts !== undefined &&
    Number(tabs) === facts.tabs &&
    (parts['links'] === undefined || Number(parts['links']) === facts.links) &&
    (parts['bytes'] === undefined || isRounded(parts['bytes'], facts.bytes)) &&
    staleS > -0.001 &&
    staleS < STALE_S;
  return agrees ? 'true' : `${said} — ${JSON.stringify(facts)}`;
}

/** "2 min 5 s" is 125, "4.1 kB" is 4,100. */
function amountOf(words: string): number {
  return [...words.matchAll(/([\d.]+) ([a-zA-Z]+)/g)]
    .map(([, number, unit]) => Number(number) * (FACTORS[unit ?? ''] ?? Number.NaN))
    .reduce((sum, part) => sum + part, 0);
}

/** Bytes are said as they are, larger amounts to a tenth of their unit. */
function isRounded(words: string, bytes: number): boolean {
  const unit = words.split(' ')[1] ?? '';
  return Math.abs(amountOf(words) - bytes) <= (unit === 'B' ? 0 : (FACTORS[unit] ?? 0) * 0.0501);
}
