/** From OKLCH to what a screen shows, and how well two colours can be told apart. Pure. */

/** Red, green and blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

export interface Oklch {
  /** 0 black to 1 white. */
  readonly lightness: number;
  readonly chroma: number;
  readonly hueDegrees: number;
}

/** Converts; too vivid a colour loses chroma until the screen can show it. */
export function oklchToRgb(color: Oklch): Rgb {
  for (let chroma = color.chroma; chroma > 0; chroma -= 0.005) {
    const linear = oklchToLinear({ ...color, chroma });
    if (linear.every((part) => part >= 0 && part <= 1)) return linearToRgb(linear);
  }
  return linearToRgb(oklchToLinear({ ...color, chroma: 0 }));
}

/** The matrices of Björn Ottosson's Oklab. */
function oklchToLinear({ lightness, chroma, hueDegrees }: Oklch): Rgb {
  const hue = (hueDegrees * Math.PI) / 180;
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

function linearToRgb([red, green, blue]: Rgb): Rgb {
  return [encodePart(red), encodePart(green), encodePart(blue)];
}

function encodePart(linear: number): number {
  const part = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055));
}

export function rgbToHex(rgb: Rgb): string {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Contrast by WCAG 2.2: 1 for equal colours, 21 for black on white. */
export function contrast(one: Rgb, other: Rgb): number {
  const [here, there] = [luminance(one), luminance(other)];
  return (Math.max(here, there) + 0.05) / (Math.min(here, there) + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * decodePart(red) + 0.7152 * decodePart(green) + 0.0722 * decodePart(blue);
}

function decodePart(part: number): number {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
