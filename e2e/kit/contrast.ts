/** How well a text can be told from what lies behind it, by WCAG 2.2, from what the browser computed. */
import type { Page } from '@playwright/test';

export interface Reading {
  readonly what: string;
  readonly contrast: number;
}

/** The lowest contrast among the visible elements that each selector names. A selector that names none gives NaN. */
export function readContrast(page: Page, selectors: readonly string[]): Promise<Reading[]> {
  return page.evaluate((wanted) => {
    type Color = readonly [number, number, number, number];
    const parse = (text: string): Color => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      if (!text.startsWith('rgb')) throw new Error(`cannot read the color ${text}`);
      return [red, green, blue, alpha];
    };
    const over = (front: Color, back: Color): Color => {
      const mix = (at: 0 | 1 | 2): number => front[at] * front[3] + back[at] * (1 - front[3]);
      return [mix(0), mix(1), mix(2), 1];
    };
    const backgroundOf = (element: Element): Color => {
      const color = parse(getComputedStyle(element).backgroundColor);
      if (color[3] === 1) return color;
      return over(color, element.parentElement ? backgroundOf(element.parentElement) : [255, 255, 255, 1]);
    };
    const luminance = ([red, green, blue]: Color): number => {
      const [r, g, b] = [red, green, blue].map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrastOf = (element: Element): number => {
      const { color, fill } = getComputedStyle(element);
      const back = backgroundOf(element);
      const front = over(parse(element instanceof SVGElement ? fill : color), back);
      const [one, other] = [luminance(front), luminance(back)];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    };
    return wanted.map((what) => {
      const shown = [...document.querySelectorAll(what)].filter((element) => element.checkVisibility());
      return { what, contrast: shown.length === 0 ? Number.NaN : Math.min(...shown.map(contrastOf)) };
    });
  }, selectors);
}
