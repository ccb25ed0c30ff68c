/** What a member is called and looks like: drawn from its id alone, so every tab agrees without a word. Pure. */
import { contrast, oklchToRgb, rgbToHex } from './color.ts';
import type { Rgb } from './color.ts';

export type Shape = 'circle' | 'square' | 'diamond' | 'triangle' | 'hexagon' | 'star';

export interface Look {
  readonly name: string;
  /** Shape and colour go together: colour alone tells some people nothing. */
  readonly shape: Shape;
  /** For a light page, as #rrggbb. */
  readonly light: string;
  /** For a dark page. */
  readonly dark: string;
}

/** The backgrounds of `page.css` on which a member's colour is hardest to see. */
export const LIGHT_BACKGROUND: Rgb = [0xf3, 0xf1, 0xea];
export const DARK_BACKGROUND: Rgb = [0x22, 0x27, 0x31];

/** Enough for text, by WCAG 2.2 AA. */
export const CONTRAST_MIN: number = 4.5;

/** In degrees; as far apart as an eye needs that cannot compare them side by side. */
const HUES: readonly number[] = [20, 48, 80, 122, 150, 198, 245, 278, 308, 350];
const SHAPES: readonly Shape[] = ['circle', 'square', 'diamond', 'triangle', 'hexagon', 'star'];

const ADJECTIVES: readonly string[] = (
  'Agile Amber Arctic Autumn Azure Bold Brave Bright Brisk Calm Clever Cobalt Copper Coral Cosmic Crimson ' +
  'Curious Dapper Dawn Deft Dusky Eager Early Fabled Fern Fleet Gentle Gilded Golden Hazel Hidden Honest ' +
  'Humble Indigo Ivory Jade Jolly Keen Kind Lilac Lively Lucid Lunar Mellow Merry Misty Mossy Nimble ' +
  'Noble Ochre Olive Patient Plucky Quick Quiet Ruby Russet Sage Silent Silver Solar Spry Sunny Velvet'
).split(' ');

const ANIMALS: readonly string[] = (
  'Badger Beaver Bison Bittern Condor Crane Cricket Curlew Deer Dolphin Dove Eagle Egret Elk Falcon Ferret ' +
  'Finch Firefly Fox Gecko Gibbon Hare Hawk Hedgehog Heron Ibex Ibis Jackdaw Jay Kestrel Kiwi Koala ' +
  'Lapwing Lark Lemur Lynx Magpie Marten Mole Moth Newt Nuthatch Ocelot Octopus Orca Osprey Otter Owl ' +
  'Panda Petrel Plover Puffin Quail Raven Robin Seal Sparrow Spider Stoat Swift Tapir Tern Vole Wren'
).split(' ');

/** Everything seen of a member, from its id. */
export function lookOf(id: string): Look {
  const hueDegrees = pick(HUES, byteAt(id, 4));
  return {
    name: nameOf(id),
    shape: pick(SHAPES, byteAt(id, 6)),
    light: readableColor({ hueDegrees, background: LIGHT_BACKGROUND, lightness: 0.58, step: -0.01 }),
    dark: readableColor({ hueDegrees, background: DARK_BACKGROUND, lightness: 0.74, step: 0.01 }),
  };
}

/** An adjective and an animal. */
export function nameOf(id: string): string {
  return `${pick(ADJECTIVES, byteAt(id, 0))} ${pick(ANIMALS, byteAt(id, 1))}`;
}

interface Search {
  readonly hueDegrees: number;
  readonly background: Rgb;
  readonly lightness: number;
  readonly step: number;
}

/** Walks away from the background's lightness until the colour is readable on it. */
function readableColor({ hueDegrees, background, lightness, step }: Search): string {
  let rgb = oklchToRgb({ lightness, chroma: 0.14, hueDegrees });
  for (let walked = lightness; walked > 0 && walked < 1; walked += step) {
    rgb = oklchToRgb({ lightness: walked, chroma: 0.14, hueDegrees });
    if (contrast(rgb, background) >= CONTRAST_MIN) break;
  }
  return rgbToHex(rgb);
}

function byteAt(id: string, index: number): number {
  const byte = Number.parseInt(id.slice(2 * index, 2 * index + 2), 16);
  return Number.isNaN(byte) ? 0 : byte;
}

function pick<T>(choices: readonly T[], byte: number): T {
  const choice = choices[byte % choices.length];
  if (choice === undefined) throw new Error('nothing to pick from');
  return choice;
}
