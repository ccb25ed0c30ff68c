/** For what only time can show: that something does not happen, or goes on. */
export const pause = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms, undefined);
  });
