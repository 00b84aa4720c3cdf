/** What was tried, a line each. */
export interface Report {
  /** @param details told when it failed */
  check(title: string, isGood: boolean, details?: string): void;
  readonly failed: number;
}

export function createReport(): Report {
  let failed = 0;
  return {
    check(title, isGood, details = '') {
      console.log(`${isGood ? 'ok  ' : 'FAIL'}  ${title}`);
      if (isGood) return;
      failed += 1;
      if (details !== '')
        console.log(
          details
            .split('\n')
            .slice(0, 12)
            .map((line) => `        ${line.slice(0, 400)}`)
            .join('\n'),
        );
    },
    get failed() {
      return failed;
    },
  };
}
