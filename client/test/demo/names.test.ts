import { describe, expect, test } from 'vitest';
import { contrast, oklchToRgb, rgbToHex } from '../../demo/color.ts';
import type { Rgb } from '../../demo/color.ts';
import { CONTRAST_MIN, DARK_BACKGROUND, LIGHT_BACKGROUND, lookOf, nameOf } from '../../demo/names.ts';

const id = (bytes: readonly number[]): string =>
  Array.from({ length: 16 }, (_, index) => (bytes[index] ?? 0).toString(16).padStart(2, '0')).join('');

const hexToRgb = (hex: string): Rgb => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
];

describe('names', () => {
  test('an id always gives the same look', () => {
    expect(lookOf(id([1, 2, 3]))).toEqual(lookOf(id([1, 2, 3])));
  });

  test('the first two bytes give the name', () => {
    expect(nameOf(id([0, 0]))).toBe('Agile Badger');
    expect(nameOf(id([1, 18, 99]))).toBe('Amber Fox');
    expect(nameOf(id([65, 82]))).toBe('Amber Fox');
  });

  test('there are 64 times 64 names', () => {
    const names = new Set<string>();
    for (let first = 0; first < 64; first += 1) {
      for (let second = 0; second < 64; second += 1) names.add(nameOf(id([first, second])));
    }
    expect(names.size).toBe(4096);
  });

  test('every colour is readable on light and on dark', () => {
    for (let hue = 0; hue < 256; hue += 1) {
      const { light, dark } = lookOf(id([0, 0, 0, 0, hue]));
      expect(contrast(hexToRgb(light), LIGHT_BACKGROUND)).toBeGreaterThanOrEqual(CONTRAST_MIN);
      expect(contrast(hexToRgb(dark), DARK_BACKGROUND)).toBeGreaterThanOrEqual(CONTRAST_MIN);
    }
  });

  test('what is no id has a look all the same', () => {
    expect(lookOf('').name).toBe('Agile Badger');
    expect(lookOf('zz<script>').light).toMatch(/^#[0-9a-f]{6}$/);
  });
});

describe('colours', () => {
  test('contrast is 21 for black on white and 1 for equals, whichever comes first', () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    expect(contrast([255, 255, 255], [0, 0, 0])).toBeCloseTo(21);
    expect(contrast([9, 99, 199], [9, 99, 199])).toBe(1);
  });

  test('OKLCH becomes the known red', () => {
    expect(rgbToHex(oklchToRgb({ lightness: 0.62796, chroma: 0.2576, hueDegrees: 29.234 }))).toMatch(
      /^#f[ef]0[0-9a-f]0[0-9a-f]$/,
    );
  });

  test('a colour that no screen shows loses chroma, not its lightness', () => {
    const vivid = oklchToRgb({ lightness: 0.5, chroma: 0.4, hueDegrees: 200 });
    const grey = oklchToRgb({ lightness: 0.5, chroma: 0, hueDegrees: 200 });
    expect(contrast(vivid, grey)).toBeLessThan(1.3);
  });
});
